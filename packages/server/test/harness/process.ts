import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { noteSecret, searchLog } from './secrets.ts'

const root = join(import.meta.dir, '../../../..')
const launcher = join(root, 'bin/parlance.mjs')

export type Command = { exited: Promise<number>; text(): string; kill(signal: NodeJS.Signals): void; pid: number }

/** Starts `parlance` as anyone would, through Node. What it prints on either output is kept. */
export function parlance(args: readonly string[], env: Record<string, string> = {}): Command {
  const password = args[args.indexOf('--password') + 1]
  if (args.includes('--password') && password !== undefined) noteSecret('a password', password)
  return run(['node', launcher, ...args], { env, serves: args[0] === 'serve' })
}

/** Starts a server with `npm start` or `npx parlance serve`, as a process group of its own as in a shell: a negative pid means all of it. */
export function serveBy(starter: readonly string[], env: Record<string, string>): Command {
  return run([...starter], { env, serves: true })
}

function run(command: string[], { env, serves }: { env: Record<string, string>; serves: boolean }): Command {
  const child = Bun.spawn(command, {
    cwd: root,
    env: { PATH: Bun.env.PATH, HOME: Bun.env.HOME, ...env },
    detached: serves,
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
    if (serves) searchLog(text.split('\n'))
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
