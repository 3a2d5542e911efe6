import { createHmac } from 'node:crypto'
import { ChatError, limits } from '@parlance/protocol'
import type { IssuedClaims, Issuer } from '../../auth/issuer.ts'
import { KeysUnavailable } from '../../auth/key-set.ts'
import type { Clock } from '../../base/clock.ts'
import { parseId, printId } from '../../base/ids.ts'
import { isEmail } from '../../rules/emails.ts'
import { usernameFault, usernameKey } from '../../rules/usernames.ts'
import type { Ended } from '../../store/outcomes.ts'
import type { NewUser } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'

/** The door of sessions that stand on another issuer's token. */
const issuedDoor = 'issuer'
/** Names tried with a small number behind them before a random one is. */
const numberedNames = 5
const triedNames = 20

/** A token of another issuer that was found right: `session` is the one that belongs to it. */
export type Issued = { session: string; claims: IssuedClaims }

/** People whom another issuer vouches for. */
export type Identities = {
  /** Rejects with `unauthenticated`, `token_expired` or `issuer_unavailable`. */
  verify(token: string): Promise<Issued>
  /**
   * Makes the session of a token that comes for the first time, and the account of a person who does. Rejects with `unauthenticated` or
   * `suspended`. The sessions in the answer ended.
   */
  enter(issued: Issued): Promise<Ended>
}

type Deps = { store: Store; clock: Clock; newId: () => string; digestKey: Uint8Array; issuer: Issuer | null }

export function createIdentities({ store, clock, newId, digestKey, issuer }: Deps): Identities {
  /** One session a token, however its signature is spelt; in the order of issuing, like other ids of sessions. */
  const sessionOf = ({ signed, issuedAt, expiresAt }: IssuedClaims, name: string): string => {
    const digest = createHmac('sha256', digestKey).update(`session of ${name}\n${signed}`).digest()
    const id = new Uint8Array(16)
    const view = new DataView(id.buffer)
    const ms = Math.max(0, Math.min(issuedAt ?? expiresAt, clock.now()))
    view.setUint32(0, Math.floor(ms / 0x10000))
    view.setUint16(4, ms % 0x10000)
    id.set(digest.subarray(0, 10), 6)
    id[6] = 0x70 | (digest.readUInt8(0) & 0x0f)
    id[8] = 0x80 | (digest.readUInt8(2) & 0x3f)
    return printId(id)
  }

  const check = async (token: string) => {
    if (issuer === null) return { state: 'invalid' as const }
    try {
      return await issuer.verify(token, clock.now())
    } catch (error) {
      throw error instanceof KeysUnavailable ? new ChatError('issuer_unavailable', { retry_ms: 5000, cause: error }) : error
    }
  }

  return {
    async verify(token) {
      const verdict = await check(token)
      if (verdict.state === 'invalid' || issuer === null) throw new ChatError('unauthenticated')
      if (verdict.state === 'expired') throw new ChatError('token_expired')
      return { session: sessionOf(verdict.claims, issuer.name), claims: verdict.claims }
    },

    async enter({ session, claims }) {
      const at = clock.now()
      for (const username of namesFor(claims.username, newId)) {
        const outcome = await store.queue.write('identities.enter', {
          issuer: issuer?.name ?? '',
          subject: claims.subject,
          issuedAt: claims.issuedAt,
          user: accountFor(claims, username, { id: newId(), at }),
          session: { id: session, dia: issuedDoor, agent: null, created_at: at, expires_at: claims.expiresAt },
          atMost: limits.user_sessions,
        })
        if (outcome.status === 'entered') return outcome
        if (outcome.status === 'suspended') throw new ChatError('suspended')
        if (outcome.status === 'over') throw new ChatError('unauthenticated')
      }
      throw new ChatError('username_taken')
    },
  }
}

/** No password, and an address that is shown and owns nothing: whoever the issuer calls by a name is still nobody else here. */
function accountFor({ email, firstName, lastName }: IssuedClaims, username: string, { id, at }: { id: string; at: number }): NewUser {
  const plain = { password: null, owned_email: null, admin: false, created_at: at }
  const name_key = usernameKey(username)
  return { id, username, name_key, email: isEmail(email) ? email : '', first_name: cut(firstName), last_name: cut(lastName), ...plain }
}

const cut = (text: string): string => Array.from(text).slice(0, limits.username_chars).join('')

/** The claimed name as far as it can be a username, and what to try where it is taken. */
function* namesFor(claimed: string, newId: () => string): Generator<string> {
  const fitting = cut(
    claimed
      .normalize('NFC')
      .replaceAll(/\s+/gu, '_')
      .replaceAll(/[^\p{L}\p{M}\p{N}_.@+-]/gu, ''),
  )
  const base = usernameFault(fitting, { any: false }) === null ? fitting : 'user'
  const room = Array.from(base)
    .slice(0, limits.username_chars - 9)
    .join('')
  yield base
  for (let number = 2; number <= numberedNames; number += 1) yield `${room}_${number}`
  for (let i = numberedNames; i < triedNames; i += 1) yield `${room}_${tail(newId())}`
}

/** Eight characters of the random end of an id. */
const tail = (id: string): string => parseId(id)?.toHex().slice(-8) ?? ''
