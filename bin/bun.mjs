#!/usr/bin/env node
// Starts the pinned runtime. npm puts its binary inside a platform package; we start that file itself,
// so the project also runs where npm's install scripts are switched off.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** The variants of the runtime's platform package, best first: musl systems and old processors have their own. */
function candidates() {
  const { platform, arch } = process
  const names = [`${platform === 'win32' ? 'windows' : platform}-${arch === 'arm64' ? 'aarch64' : arch}`]
  const all = names.flatMap((n) => [n, `${n}-musl`, `${n}-baseline`, `${n}-musl-baseline`])
  return all.map((n) => `@oven/bun-${n}`)
}

/** Absolute path of a runtime binary that starts on this machine. */
export function findBun() {
  for (const name of candidates()) {
    try {
      const file = join(dirname(require.resolve(`${name}/package.json`)), 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun')
      if (existsSync(file) && spawnSync(file, ['--version']).status === 0) return file
    } catch {
      // This variant is not installed here.
    }
  }
  if (spawnSync('bun', ['--version']).status === 0) return 'bun'
  console.error('No Bun runtime was found for this platform. Run `npm install` first (with optional dependencies).')
  process.exit(1)
}

const lookEveryMs = 200

/**
 * Runs the runtime in the foreground: signals pass through, the exit code comes back. It learns who we are, so that a server ends with us
 * even where we are killed.
 */
export function runBun(args) {
  const child = spawn(findBun(), args, { stdio: 'inherit', env: { ...process.env, PARLANCE_LAUNCHER: String(process.pid) } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // An npm that is killed cannot tell us, and the shell in which npx starts us keeps to itself what it is told.
  const starter = process.ppid
  const { npm_lifecycle_event: event, npm_package_name: name } = process.env
  if (event === 'npx' || name === 'parlance') setInterval(() => process.ppid !== starter && child.kill('SIGTERM'), lookEveryMs).unref()
  child.on('exit', (code, signal) => process.exit(signal ? 128 + 15 : (code ?? 1)))
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) runBun(process.argv.slice(2))
