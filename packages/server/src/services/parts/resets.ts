import { limits } from '@parlance/protocol'
import type { Links } from '../../auth/links.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Mailer } from '../../mail/mailer.ts'
import { emailKey } from '../../rules/emails.ts'
import { usernameKey } from '../../rules/usernames.ts'
import type { UserRow } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'

/** Links that stand beside each other, of those that were mailed: a box is not filled by strangers who ask again and again. */
const mailedBeside = 2
/** Requests whose account is being looked for. */
const requestsAtMost = 1000

/** Links to a new password. */
export type Resets = {
  /** A link in the place of all others; null where there is no such account any more. */
  make(user: number): Promise<{ url: string; expiresAt: number } | null>
  /** Mails a link to the owner of an account, if there is one. At once and whatever comes of it: nothing can be told from the time it takes. */
  mail(identifier: string): void
  /** What was asked for so far is with the mailer, or will not be. */
  settled(): Promise<void>
}

type Deps = { store: Store; clock: Clock; log: Logger; links: Links; mailer: Mailer | null; publicUrl: string }

export function createResets({ store, clock, log, links, mailer, publicUrl }: Deps): Resets {
  const requests = new Set<Promise<void>>()

  const create = async (user: number, beside: number | null): Promise<{ url: string; expiresAt: number } | null> => {
    const { token, hash } = links.fresh()
    const at = clock.now()
    const expiresAt = at + limits.reset_link_ms
    const { status } = await store.queue.write('resets.create', { user, hash, at, expiresAt, beside })
    // Behind the #, so that it stays in the browser and in no log on the way.
    return status === 'created' ? { url: `${publicUrl}/reset#${token}`, expiresAt } : null
  }

  const ownerOf = async (identifier: string): Promise<UserRow | undefined> => {
    const owner = identifier.includes('@') ? await store.users.byOwnedEmail(emailKey(identifier)) : undefined
    const user = owner ?? (await store.users.byNameKey(usernameKey(identifier)))
    return user?.state === 'active' && user.owned_email !== null ? user : undefined
  }

  const send = async (post: Mailer['post'], identifier: string): Promise<void> => {
    const user = await ownerOf(identifier)
    const link = user && (await create(user.number, mailedBeside))
    if (!user || !link) return
    const taken = post({ to: user.email, subject: 'A new password', text: letter(user.username, link.url) })
    if (!taken) log.warn('a mail was not taken: too many wait')
  }

  return {
    make: (user) => create(user, null),
    mail(identifier) {
      if (mailer === null) return
      if (requests.size >= requestsAtMost) return log.warn('a request for a link was not taken: too many wait')
      const request = send((mail) => mailer.post(mail), identifier)
        .catch((error: unknown) => log.error('a link was not made', { error }))
        .finally(() => requests.delete(request))
      requests.add(request)
    },
    async settled() {
      await Promise.all(requests)
    },
  }
}

const letter = (username: string, url: string): string => `Hello ${username},

somebody, probably you, asked for a new password for your account. This link lets you choose one, within an hour and once:

${url}

If it was not you, do nothing: your password stays as it is.
`
