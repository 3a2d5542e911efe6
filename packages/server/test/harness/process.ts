import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { noteSecret, searchLog } from './secrets.ts'

const launcher = join(import.meta.dir, '../../../../bin/parlance.mjs')

export type Command = { exited: Promise<number>; text(): string; kill(signal: NodeJS.Signals): void; pid: number }

/** Starts `parlance` as anyone would, through Node. What it prints on either output is kept. */
export function parlance(args: readonly string[], env: Record<string, string> = {}): Command {
  const password = args[args.indexOf('--password') + 1]
  if (args.includes('--password') && password !== undefined) noteSecret('a password', password)
  const child = Bun.spawn(['node', launcher, ...args], {
    env: { PATH: Bun.env.PATH, HOME: Bun.env.HOME, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  let text = ''
  const keep = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder()
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true })
  }
  const read = Promise.all([keep(child.stdout), keep(child.stderr)])
  const exited = child.exited.then(async (code) => {
    await read
    // Other commands are asked for passwords and tokens, and print them to whoever asked.
    if (args[0] === 'serve') searchLog(text.split('\n'))
    return code
  })
  return { exited, text: () => text, kill: (signal) => child.kill(signal), pid: child.pid }
}

/** The address a started server says it listens at. */
export async function listening(server: Command): Promise<string> {
  let url: string | undefined
  await eventually(
    () => {
      url = /"url":"(http[^"]+)"/.exec(server.text())?.[1]
      return url !== undefined
    },
    { timeout_ms: 20_000 },
  )
  return url ?? ''
}
