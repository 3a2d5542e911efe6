import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ChatError } from '@parlance/protocol'
import type { Logger } from '../base/log.ts'
import { openOperator } from '../boot/operator.ts'
import type { Config } from '../config.ts'

/** A command was understood and refused; the text is for a person. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

export type Ask = (request: Record<string, unknown>) => Promise<unknown>

/**
 * Asks the running server through its control socket, or, where none runs, opens the data directory for the length of the work. Either way
 * commands are ordinary operations.
 */
export async function withOperator<T>({ config, log }: { config: Config; log: Logger }, work: (ask: Ask) => Promise<T>): Promise<T> {
  const socket = join(config.dataDir, 'control.sock')
  if (existsSync(socket) && (await answers(socket))) return work((request) => askServer(socket, request))
  await using operator = await openOperator(config, log)
  return await work((request) => operator.ask(request).catch(refuse))
}

/** The same words as the server's, by the same table. */
function refuse(error: unknown): never {
  throw error instanceof ChatError ? refused(error.detail, error.faults) : error
}

const refused = (detail: string, faults: readonly { path: string; message: string }[] = []): Refused =>
  new Refused(`${detail}${faults.map(({ path, message }) => ` ${path} ${message}`).join(';')}`)

/** The same for questions that only a running server can answer; null where none runs. */
export async function askRunning({ dataDir }: Config, request: Record<string, unknown>): Promise<unknown> {
  const socket = join(dataDir, 'control.sock')
  return existsSync(socket) && (await answers(socket)) ? await askServer(socket, request) : null
}

async function answers(socket: string): Promise<boolean> {
  try {
    await fetch('http://control/', { unix: socket, method: 'POST', body: '{}' })
    return true
  } catch {
    return false
  }
}

async function askServer(socket: string, request: Record<string, unknown>): Promise<unknown> {
  const response = await fetch('http://control/', { unix: socket, method: 'POST', body: JSON.stringify(request) })
  const answer = (await response.json()) as {
    ok?: unknown
    err?: { code: string; detail: string; errors?: { path: string; message: string }[] }
  }
  if (answer.err === undefined) return answer.ok
  throw refused(answer.err.detail, answer.err.errors)
}
