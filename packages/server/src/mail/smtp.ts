import { createTransport } from 'nodemailer'
import { type Clock, sleep } from '../base/clock.ts'
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

/** Mail by SMTP. What waits when the process ends is lost: its reader asks again. */
export function smtpMailer({ url, from, clock, log }: SmtpOptions): Mailer {
  const timeouts = { connectionTimeout: patience, greetingTimeout: patience, socketTimeout: patience, dnsTimeout: patience }
  const transport = createTransport({ url, pool: true, maxConnections: connections, ...timeouts }, { from })
  const waiting = new Set<Promise<void>>()
  let closed = false

  const deliver = async (mail: Mail): Promise<void> => {
    for (const pause of [...pauses, null]) {
      if (closed) return
      try {
        await transport.sendMail({ ...mail, disableFileAccess: true, disableUrlAccess: true })
        return
      } catch (error) {
        // Nothing of the error but its codes: a server may repeat in its refusal what it was given.
        const { code, responseCode } = error as { code?: string; responseCode?: number }
        const isFinal = pause === null || (responseCode !== undefined && responseCode >= 500) || code === 'EAUTH'
        log.warn('a mail was not taken', { code, response: responseCode, final: isFinal })
        if (isFinal) return
        await sleep(clock, pause)
      }
    }
  }

  return {
    post(mail) {
      if (closed || waiting.size >= waitingAtMost) return false
      const delivery = deliver(mail).finally(() => waiting.delete(delivery))
      waiting.add(delivery)
      return true
    },
    async idle() {
      while (waiting.size > 0) await Promise.all(waiting)
    },
    [Symbol.asyncDispose]() {
      closed = true
      transport.close()
      return Promise.resolve()
    },
  }
}
