/** A plain text for one person. */
export type Mail = { to: string; subject: string; text: string }

/** Hands mail to a server, behind everybody's back: nobody waits for it and nobody hears how it went but the log, which never has its text. */
export interface Mailer extends AsyncDisposable {
  /** Takes a mail; false where too many wait already. */
  post(mail: Mail): boolean
  /** Settles when nothing waits any more. */
  idle(): Promise<void>
  /** As the process is to end: what waits to be tried again is tried now, for the last time. Settles when nothing waits any more. */
  hurry(): Promise<void>
}
