import { writeSync } from 'node:fs'
import { systemClock } from './base/clock.ts'
import { createLogger, type Logger } from './base/log.ts'
import { reasonOf } from './boot/failure.ts'
import type { Command } from './cli/command.ts'
import { type Config, ConfigError, readConfig } from './config.ts'

/**
 * Loaded when asked for: a server starts without the terminal client, and the client without the server. `words`: so many plain words it takes
 * at most.
 */
const commands: Record<string, { load: () => Promise<Command>; words: number; options: string[] }> = {
  serve: { load: async () => serveOn((await import('./main.ts')).serve), words: 0, options: [] },
  user: { load: async () => (await import('./cli/user.ts')).user, words: 2, options: ['admin', 'email', 'password', 'messages'] },
  token: { load: async () => (await import('./cli/token.ts')).token, words: 1, options: [] },
  invite: { load: async () => (await import('./cli/invite.ts')).invite, words: 2, options: ['uses', 'days'] },
  chat: { load: async () => (await import('./cli/chat.ts')).chat, words: 0, options: ['url', 'user', 'room'] },
  demo: { load: async () => (await import('./cli/demo.ts')).demo, words: 0, options: [] },
  room: { load: async () => (await import('./cli/room.ts')).room, words: 2, options: [] },
  migrate: { load: async () => (await import('./cli/migrate.ts')).migrate, words: 0, options: ['check'] },
  backup: { load: async () => (await import('./cli/backup.ts')).backup, words: 1, options: [] },
  restore: { load: async () => (await import('./cli/backup.ts')).restore, words: 1, options: ['force'] },
  doctor: { load: async () => (await import('./cli/doctor.ts')).doctor, words: 0, options: [] },
}

/** Options that take no value. */
const switches = new Set(['admin', 'force', 'check'])

const serveOn =
  (serve: (config: Config, log: Logger, launcher: number | null) => Promise<number>): Command =>
  ({ config, log }) =>
    serve(config, log, Number(process.env.PARLANCE_LAUNCHER) || null)

async function main(args: readonly string[]): Promise<number> {
  const [first = 'serve', ...others] = args
  const isCommand = !first.startsWith('-')
  const name = isCommand ? first : 'serve'
  const rest = isCommand ? others : [...args]
  if (rest.includes('--help') || rest.includes('-h') || name === 'help') return (await import('./cli/help.ts')).help()
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    console.error(`There is no command "${name}". Try: parlance help`)
    return 2
  }
  const { words, options, settings } = sort(rest, command.options)
  if (words.length > command.words) {
    console.error(`parlance ${name} does not take "${words[command.words]}". Try: parlance help`)
    return 2
  }
  const config = readConfig(process.env, settings)
  const run = await command.load()
  try {
    return await run({ config, log: logTo(config), words, options })
  } catch (error) {
    const reason = reasonOf(error, config)
    if (reason === null) throw error
    console.error(reason)
    return 1
  }
}

/** Tells the command's own options from settings and from plain words. */
function sort(
  args: readonly string[],
  own: readonly string[],
): { words: string[]; options: Record<string, string | true>; settings: string[] } {
  const sorted = { words: [] as string[], options: {} as Record<string, string | true>, settings: [] as string[] }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (!arg.startsWith('--')) {
      sorted.words.push(arg)
      continue
    }
    const [name = '', value] = arg.slice(2).split(/=(.*)/s)
    const next = args[i + 1]
    const takesNext = value === undefined && next !== undefined && !next.startsWith('--') && !switches.has(name)
    if (own.includes(name)) sorted.options[name] = value ?? (takesNext ? next : true)
    else sorted.settings.push(arg, ...(takesNext ? [next] : []))
    if (takesNext) i++
  }
  return sorted
}

/** People read a terminal, machines read the rest. Written at once, so that a crash keeps the last line. */
function logTo({ logLevel }: Config): Logger {
  const write = (line: string) => {
    writeSync(2, `${line}\n`)
  }
  return createLogger({ level: logLevel, format: process.stderr.isTTY ? 'text' : 'json', write, now: () => systemClock.now() })
}

// Whatever is written, the database included, is this user's alone.
process.umask(0o077)

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error)
  process.exit(1)
}
