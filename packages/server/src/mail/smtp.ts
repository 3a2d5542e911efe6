import { createTransport } from 'nodemailer'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Mail, Mailer } from './mailer.ts'

export type SmtpOptions = {
  /** smtp://user:password@host:587, or smtps://… */
  url: string
  from: string
  clock: Clock
  log: Logger
}

/** Mails that wait or are under way; connections to the server. */
const waitingAtMost = 1000
const connections = 2
/** How long a server may keep silent (ms). */
const patience = 15_000
/** Pauses before a mail is tried again that the server put off or could not be asked to take (ms). */
const pauses = [2_000, 30_000]

/** Mail by SMTP. What still waits when it is disposed is lost and the log says how much: its reader asks again. */
export function smtpMailer({ url, from, clock, log }: SmtpOptions): Mailer {
  const timeouts = { connectionTimeout: patience, greetingTimeout: patience, socketTimeout: patience, dnsTimeout: patience }
  const transport = createTransport({ url, pool: true, maxConnections: connections, ...timeouts }, { from })
  const waiting = new Set<Promise<void>>()
  const hurried = Promise.withResolvers<void>()
  let isLast = false
  let closed = false

  const wait = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = clock.setTimeout(resolve, ms)
    await Promise.race([promise, hurried.promise])
    timer.cancel()
  }

  const deliver = async (mail: Mail): Promise<void> => {
    for (const pause of [...pauses, null]) {
      if (closed) return
      const isFinalTry = pause === null || isLast
      try {
        await transport.sendMail({ ...mail, disableFileAccess: true, disableUrlAccess: true })
        return
      } catch (error) {
        if (closed) return
        // Nothing of the error but its codes: a server may repeat in its refusal what it was given.
        const { code, responseCode } = error as { code?: string; responseCode?: number }
        const isFinal = isFinalTry || (responseCode !== undefined && responseCode >= 500) || code === 'EAUTH'
        log.warn('a mail was not taken', { code, response: responseCode, final: isFinal })
        if (isFinal) return
        await wait(pause)
      }
    }
  }

  const idle = async (): Promise<void> => {
    while (waiting.size > 0) await Promise.all(waiting)
  }

  return {
    post(mail) {
      if (closed || waiting.size >= waitingAtMost) return false
      const delivery = deliver(mail).finally(() => waiting.delete(delivery))
      waiting.add(delivery)
      return true
    },
    idle,
    hurry() {
      isLast = true
      hurried.resolve()
      return idle()
    },
    [Symbol.asyncDispose]() {
      closed = true
      hurried.resolve()
      if (waiting.size > 0) log.warn('mails that waited are lost', { mails: waiting.size })
      transport.close()
      return Promise.resolve()
    },
  }
}
