import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import { pinned } from './cores.ts'

type Times = { p50: number; p90: number; p99: number; p999: number; max: number }

/** What the generator says of its connections. `failed` were never ready, `dropped` were and are closed. Times are milliseconds. */
export type Connected = { connections: number; failed: number; dropped: number; last_close_code: number; connect_ms: Times }

/**
 * What a run found. `delivered` counts stamped messages received: in the open loop those sent within the measured time, in a closed loop
 * those that arrived within it. `generator_cpu` is the share of one core the generator used, 1 = it was the limit.
 */
export type Load = Connected & {
  seconds: number
  sent: number
  own: number
  delivered: number
  deliveries_per_s: number
  acks: number
  acks_per_s: number
  errors: number
  messages: number
  bytes: number
  latency_ms: Times
  generator_cpu: number
}

/**
 * What to connect and send. A connection is `PATH`, then tab-separated steps `H<header>`, `><frame to send>`, `<<text to wait for>`.
 * Template i is sender i's frame, the last one everybody else's; `%stamp%` and `%count%` are filled in.
 */
export type Script = {
  port: number
  connections: string[]
  templates: string[]
  /** Only messages that contain this text carry deliveries. */
  delivery?: string
  /** A message that contains this text acknowledges a request. */
  ack?: string
  /** A message that contains this text refuses a request. */
  error?: string
  /** A text message equal to the first is answered with the second. */
  reply?: [got: string, answer: string]
  /** Sent on every connection at this interval while it is held. */
  keepalive?: [seconds: number, frame: string]
}

/** How to send: at a fixed rate, or with so many own messages, or so many unanswered requests, in flight per sender. */
export type Pace = { senders: number; seconds: number; warmup: number } & ({ rate: number } | { window: number } | { acks: number })

/** Connections that stay open until `release`, which says how many were still there. */
export type Held = { connected: Connected; release(): Promise<Connected> }

export type Generator = { kind: 'native' | 'worker'; run(script: Script, pace: Pace): Promise<Load>; hold(script: Script): Promise<Held> }

type Build = { dir: string; core: number | null; warn: (line: string) => void }

/** The command that starts the generator: the C one where it can be compiled, else the worker, with a loud line. */
export function buildGenerator(dir: string): { command: string[]; kind: Generator['kind']; why: string } {
  const worker = [process.execPath, join(import.meta.dir, 'generator-worker.ts')]
  const compiler = ['cc', 'gcc', 'clang'].find((name) => Bun.which(name))
  if (!compiler) return { command: worker, kind: 'worker', why: 'there is no C compiler' }
  const sources = join(import.meta.dir, 'native')
  const binary = join(dir, 'wsload')
  const files = readdirSync(sources).filter((name) => name.endsWith('.c'))
  const built = Bun.spawnSync([compiler, '-O2', '-o', binary, ...files.map((name) => join(sources, name))], {
    stdout: 'ignore',
    stderr: 'pipe',
  })
  if (built.exitCode === 0) return { command: [binary], kind: 'native', why: '' }
  return { command: worker, kind: 'worker', why: `${compiler} failed: ${built.stderr.toString().trim().split('\n')[0] ?? ''}` }
}

export function createGenerator({ dir, core, warn }: Build): Generator {
  const { command, kind, why } = buildGenerator(dir)
  if (kind === 'worker') warn(`!!! ${why}: THE GENERATOR IS THE SLOW TYPESCRIPT WORKER. Fan-out figures measure it, not the servers. !!!`)
  const start = (args: string[]) => Bun.spawn(pinned([...command, ...args], core), { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })

  return {
    kind,
    async run(script, pace) {
      const process = start([...scriptArguments(script, dir), ...paceArguments(pace)])
      return parse<Load>(await new Response(process.stdout).text())
    },
    async hold(script) {
      const process = start([...scriptArguments(script, dir), '--hold'])
      const lines = outputLines(process)
      const connected = parse<Connected>(await lines.next())
      return {
        connected,
        async release() {
          await process.stdin.end()
          return parse<Connected>(await lines.next())
        },
      }
    },
  }
}

let scripts = 0

export function scriptArguments(script: Script, dir: string): string[] {
  const prefix = join(dir, `script-${scripts++}`)
  writeFileSync(`${prefix}.connections`, `${script.connections.join('\n')}\n`)
  writeFileSync(`${prefix}.template`, `${script.templates.join('\n')}\n`)
  const args = ['--port', String(script.port), '--connections', `${prefix}.connections`, '--template', `${prefix}.template`]
  for (const name of ['delivery', 'ack', 'error'] as const) if (script[name] !== undefined) args.push(`--${name}`, script[name])
  if (script.reply) args.push('--reply', script.reply.join('='))
  if (script.keepalive) args.push('--keepalive', script.keepalive.join('='))
  return args
}

function paceArguments(pace: Pace): string[] {
  const mode = 'rate' in pace ? ['--rate', pace.rate] : 'window' in pace ? ['--window', pace.window] : ['--acks', pace.acks]
  return [...mode, '--senders', pace.senders, '--seconds', pace.seconds, '--warmup', pace.warmup].map(String)
}

function outputLines(process: Subprocess<'pipe', 'pipe', 'inherit'>) {
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader()
  let kept = ''
  return {
    async next() {
      while (!kept.includes('\n')) {
        const { value, done } = await reader.read()
        if (done) break
        kept += value
      }
      const end = kept.indexOf('\n')
      const line = end < 0 ? kept : kept.slice(0, end)
      kept = end < 0 ? '' : kept.slice(end + 1)
      return line
    },
  }
}

function parse<T extends Connected>(line: string): T {
  if (line.trim() === '') throw new Error('the generator ended without an answer')
  const answer = JSON.parse(line) as T
  const { connections, failed, dropped, last_close_code } = answer
  if (failed > 0 || dropped > 0) {
    throw new Error(
      `of ${connections + failed + dropped} connections ${failed} never got ready and ${dropped} were dropped (close code ${last_close_code})`,
    )
  }
  return answer
}
