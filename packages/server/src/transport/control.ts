import { chmodSync, rmSync } from 'node:fs'
import { ChatError, limits } from '@parlance/protocol'
import { isRecord, parseJson } from '../base/json.ts'
import type { Logger } from '../base/log.ts'

/** Carries out what a command on this machine asks for; rejects with a ChatError. */
export type Operator = (request: Record<string, unknown>) => Promise<unknown>

/**
 * The door for commands on the same machine: a Unix socket that only its owner may open. One JSON object in, `{ok}` or `{err}` out.
 */
export function openControl({ path, operator, log }: { path: string; operator: Operator; log: Logger }): AsyncDisposable {
  rmSync(path, { force: true })
  const server = Bun.serve({
    unix: path,
    async fetch(request) {
      try {
        const body = parseJson(await request.text(), limits.json_depth)
        if (!isRecord(body)) throw new ChatError('malformed')
        return Response.json({ ok: await operator(body) })
      } catch (error) {
        if (!(error instanceof ChatError)) log.error('a command failed', { error })
        const { code, detail, faults } = error instanceof ChatError ? error : new ChatError('internal')
        return Response.json({ err: { code, detail, errors: faults } })
      }
    },
  })
  chmodSync(path, 0o600)
  return {
    async [Symbol.asyncDispose]() {
      await server.stop(true)
      rmSync(path, { force: true })
    },
  }
}
