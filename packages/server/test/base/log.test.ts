import { describe, expect, test } from 'bun:test'
import { createLogger, type Level, type Logger } from '../../src/base/log.ts'

type Format = 'json' | 'text'

function capture({ level = 'info', format = 'json' }: { level?: Level; format?: Format } = {}): {
  log: Logger
  lines: string[]
  last: () => unknown
} {
  const lines: string[] = []
  const log = createLogger({ level, format, write: (line) => lines.push(line), now: () => Date.UTC(2026, 0, 2, 3, 4, 5) })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as unknown }
}

describe('a line of the log', () => {
  test('is one JSON object with time, level, text and fields', () => {
    const { log, last } = capture()
    log.info('listening', { port: 8000 })
    expect(last()).toEqual({ time: '2026-01-02T03:04:05.000Z', level: 'info', text: 'listening', port: 8000 })
  })

  test('below the level is not written', () => {
    const { log, lines } = capture({ level: 'warn' })
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    expect(lines).toHaveLength(2)
  })

  test('carries the fields of its parents, and its own win', () => {
    const { log, last } = capture()
    log.child({ node: 'a', conn: 1 }).child({ conn: 2 }).info('x', { room: 'r' })
    expect(last()).toMatchObject({ node: 'a', conn: 2, room: 'r' })
  })

  test('cannot be passed off as another by a field named like its head', () => {
    const { log, last } = capture()
    log.error('real', { level: 'debug', text: 'forged', time: 0 })
    expect(last()).toEqual({ time: '2026-01-02T03:04:05.000Z', level: 'error', text: 'real' })
  })

  test('shows no secret, however deep it sits or however its key is spelt', () => {
    const { log, lines } = capture()
    log.info('x', {
      password: 'hunter2',
      body: { refresh_token: 'hunter2', list: [{ newPassword: 'hunter2' }] },
      headers: { Authorization: 'hunter2', 'set-cookie': 'hunter2' },
      SECRET_KEY: 'hunter2',
      url: 'postgres://alice:hunter2@db/chat',
      path: '/ws/chat/general/?a=1&token=hunter2',
      error: new Error('cannot reach postgres://alice:hunter2@db/chat', { cause: { access: 'hunter2' } }),
    })
    expect(lines[0]).not.toContain('hunter2')
    expect(lines[0]).toContain('postgres://alice:[redacted]@db/chat')
    expect(lines[0]).toContain('/ws/chat/general/?a=1&token=[redacted]')
  })

  test('tells an error with its code, its stack and the whole chain of causes', () => {
    const { log, last } = capture()
    const root = Object.assign(new Error('disk full'), { code: 'ENOSPC' })
    log.error('commit failed', { error: new TypeError('outer', { cause: new Error('middle', { cause: root }) }) })
    expect(last()).toMatchObject({
      error: {
        name: 'TypeError',
        message: 'outer',
        stack: expect.stringContaining('log.test.ts'),
        cause: { message: 'middle', cause: { message: 'disk full', code: 'ENOSPC' } },
      },
    })
  })

  test('is written whatever a field holds', () => {
    const { log, lines, last } = capture()
    const circle: Record<string, unknown> = { name: 'circle' }
    circle.self = circle
    let deep: unknown = 'bottom'
    for (let i = 0; i < 10_000; i += 1) deep = { deep }
    const thrower = {
      get boom() {
        throw new Error('no')
      },
    }
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    log.info('x', {
      circle,
      deep,
      thrower,
      proxy: revoked.proxy,
      big: 10n,
      bytes: new Uint8Array(3),
      at: new Date(Number.NaN),
      nan: Number.NaN,
    })
    log.info('y', { long: 'a'.repeat(1_000_000), many: Array.from({ length: 1_000 }, () => 1) })
    expect(lines).toHaveLength(2)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      circle: { self: '[circular]' },
      thrower: { boom: '[unreadable]' },
      proxy: '[unreadable]',
      big: '10',
      bytes: '[3 bytes]',
    })
    expect(lines[1]?.length).toBeLessThan(6_000)
    expect(last()).toMatchObject({ text: 'y' })
  })

  test('never throws, not even where its output does', () => {
    const broken = createLogger({
      level: 'debug',
      format: 'json',
      now: () => 0,
      write: () => {
        throw new Error('EPIPE')
      },
    })
    expect(() => broken.error('x')).not.toThrow()
  })
})

describe('the log on a terminal', () => {
  test('is a readable line with its fields', () => {
    const { log, lines } = capture({ format: 'text' })
    log.warn('slow commit', { ms: 120, room: 'general', note: 'two words' })
    expect(Bun.stripANSI(lines[0] ?? '')).toMatch(/^\d\d:\d\d:\d\d warn {2}slow commit {2}ms=120 {2}room=general {2}note="two words"$/)
  })

  test('shows the stacks of an error and of its cause on lines of their own', () => {
    const { log, lines } = capture({ format: 'text' })
    log.error('failed', { error: new Error('outer', { cause: new Error('inner') }) })
    expect(Bun.stripANSI(lines[0] ?? '')).toMatch(/error=outer\n.*outer[^]*caused by\n.*inner/)
  })

  test('cannot be forged by what is logged', () => {
    const { log, lines } = capture({ format: 'text' })
    log.info('hello', { name: 'eve\n12:00:00 error forged\x1b[2J' })
    expect(lines[0]).not.toContain('\n')
    expect(lines[0]).not.toContain('\x1b[2J')
  })
})
