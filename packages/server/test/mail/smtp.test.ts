import { describe, expect, test } from 'bun:test'
import { createLogger } from '../../src/base/log.ts'
import { ManualClock } from '../../src/base/manual-clock.ts'
import { smtpMailer } from '../../src/mail/smtp.ts'
import { eventually } from '../harness/eventually.ts'
import { mailServer } from '../harness/mail-server.ts'

const secret = 'https://chat.example.org/reset#a-secret'
const mail = { to: 'ann@example.org', subject: 'A new password', text: `Grüße, here: ${secret}` }

function open(url: string) {
  const clock = new ManualClock()
  const lines: string[] = []
  const log = createLogger({ level: 'debug', format: 'json', write: (line) => lines.push(line), now: () => clock.now() })
  return { mailer: smtpMailer({ url, from: 'Chat <chat@example.org>', clock, log }), clock, lines }
}

describe('mail', () => {
  test('reaches its server as it was written', async () => {
    await using server = mailServer()
    const { mailer, lines } = open(server.url)
    await using _ = mailer
    expect([mailer.post(mail), mailer.post({ ...mail, to: 'bob@example.org' })]).toEqual([true, true])
    await mailer.idle()
    expect(server.received.map(({ to }) => to).sort((a, b) => a.localeCompare(b))).toEqual(['ann@example.org', 'bob@example.org'])
    expect(server.received[0]).toMatchObject({ from: 'chat@example.org', subject: 'A new password' })
    expect(server.received[0]?.text).toContain(secret)
    expect(lines).toEqual([])
  })

  test('that is refused is not tried again, and the log knows only the code', async () => {
    await using server = mailServer()
    server.mood = 'refuses'
    const { mailer, lines } = open(server.url)
    await using _ = mailer
    mailer.post(mail)
    await mailer.idle()
    expect([server.attempts, server.received.length, lines.length]).toEqual([1, 0, 1])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', code: 'EENVELOPE', response: 550, final: true })
    expect(lines.join('')).not.toContain('ann@example.org')
  })

  test('that is put off is tried again', async () => {
    await using server = mailServer()
    server.mood = 'puts off'
    const { mailer, clock, lines } = open(server.url)
    await using _ = mailer
    mailer.post(mail)
    await eventually(() => lines.length === 1)
    server.mood = 'takes'
    await clock.advance(2000)
    await mailer.idle()
    expect([server.attempts, server.received.length]).toEqual([2, 1])
    expect(lines.join('')).not.toContain('secret')
  })

  test('that nobody takes is given up after three tries', async () => {
    await using server = mailServer()
    const { url } = server
    await server[Symbol.asyncDispose]()
    const { mailer, clock, lines } = open(url)
    await using _ = mailer
    mailer.post(mail)
    for (const [count, pause] of [
      [1, 2000],
      [2, 30_000],
    ] as const) {
      await eventually(() => lines.length === count)
      await clock.advance(pause)
    }
    await mailer.idle()
    expect(lines.map((line) => (JSON.parse(line) as { final: boolean }).final)).toEqual([false, false, true])
  })

  test('that waits to be tried again goes out at once, for the last time, when the process is to end', async () => {
    await using server = mailServer()
    server.mood = 'puts off'
    const { mailer, lines } = open(server.url)
    await using _ = mailer
    mailer.post(mail)
    await eventually(() => lines.length === 1)
    server.mood = 'takes'
    await mailer.hurry()
    expect([server.attempts, server.received.length]).toEqual([2, 1])
    server.mood = 'puts off'
    mailer.post(mail)
    await mailer.hurry()
    expect([server.attempts, server.received.length, lines.length]).toEqual([3, 1, 2])
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ response: 451, final: true })
  })

  test('that its server never took is lost with the process, and the log says how much', async () => {
    await using server = mailServer()
    server.mood = 'silent'
    const { mailer, lines } = open(server.url)
    mailer.post(mail)
    mailer.post(mail)
    await mailer[Symbol.asyncDispose]()
    await mailer.idle()
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 'warn', text: 'mails that waited are lost', mails: 2 }])
  })

  test('waits in a bounded line', async () => {
    await using server = mailServer()
    server.mood = 'silent'
    const { mailer } = open(server.url)
    await using _ = mailer
    const taken = Array.from({ length: 1001 }, () => mailer.post(mail))
    expect([taken.slice(0, 1000).every(Boolean), taken[1000]]).toEqual([true, false])
  })
})
