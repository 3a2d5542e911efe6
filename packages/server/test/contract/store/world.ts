import type { Policy, Role } from '@parlance/protocol'
import type { Stale } from '../../../src/store/outcomes.ts'
import type { EventRow, MessageRow, NewSession, NewUser, RoomRow, UserRow } from '../../../src/store/rows.ts'
import type { NewRoom, SendOutcome } from '../../../src/store/writes.ts'
import type { SendRequest, Store } from '../../../src/store/store.ts'
import { type Backend, newId } from './backends.ts'

export const now = Date.UTC(2026, 0, 1)

export const policy: Policy = {
  read: 'members',
  join: 'users',
  post: 'members',
  add: 'members',
  remove: 'admins',
  manage: 'owner',
  history: 'open',
  listed: 'users',
}

/** A digest as services make one: 8 bytes that differ with the text. */
export const digestOf = (text: string): Uint8Array => new Uint8Array(new BigUint64Array([Bun.hash(text) as bigint]).buffer)

let made = 0
/** A word no other test has used. */
export const fresh = (stem: string): string => `${stem}_${(made += 1)}`

/** So many users, each known to be there; in the order of their numbers. */
type Users<N extends number, T extends UserRow[] = []> = T['length'] extends N ? T : Users<N, [...T, UserRow]>

/** What is said, or how a send differs from an ordinary one. */
type Message = string | (Partial<SendRequest> & { content: string })

/** A store of one backend, with short ways to fill it. Tests that share one make their own users and rooms. */
export type StoreWorld = AsyncDisposable & {
  store: Store
  /** Closes the store and opens the same database again. */
  reopen(): Promise<void>
  user(change?: Partial<NewUser>, session?: NewSession | null): Promise<UserRow>
  users<N extends number>(count: N): Promise<Users<N>>
  /** A group of which the first member is the owner. */
  group(members: readonly UserRow[], change?: Partial<NewRoom>): Promise<RoomRow>
  /** The room as it stands. */
  present(room: Pick<RoomRow, 'number'>): Promise<RoomRow>
  send(room: Pick<RoomRow, 'number'>, sender: UserRow, message: Message): Promise<SendOutcome>
  /** Sends what nothing can prevent; the message as stored. */
  said(room: Pick<RoomRow, 'number'>, sender: UserRow, message: Message): Promise<MessageRow>
  /** Asks at the present acl until the answer is another than stale. */
  judged<T extends { status: string }>(room: Pick<RoomRow, 'number'>, ask: (acl: number) => Promise<T>): Promise<Exclude<T, Stale>>
  log(room: Pick<RoomRow, 'number'>): Promise<EventRow[]>
  history(room: Pick<RoomRow, 'number'>): Promise<MessageRow[]>
}

export async function openWorld(backend: Backend): Promise<StoreWorld> {
  const database = await backend.database()
  let store = await database.open()
  const room = async ({ number }: Pick<RoomRow, 'number'>) => expectRow(await store.rooms.byNumber(number))
  const world: StoreWorld = {
    get store() {
      return store
    },
    async reopen() {
      await store[Symbol.asyncDispose]()
      store = await database.open()
    },
    async user(change = {}, session = null) {
      const written = await store.queue.write('users.create', { user: { ...newUser(), ...change }, session })
      if (written.status !== 'created') throw new Error(written.status)
      return written.user
    },
    async users<N extends number>(count: N) {
      const made = await Promise.all(Array.from({ length: count }, () => world.user()))
      return made.sort((one, other) => one.number - other.number) as Users<N>
    },
    async group(members, change = {}) {
      const written = await store.queue.write('rooms.create', { room: { ...newRoom(members), ...change }, cid: null, digest: digestOf('') })
      return expectStatus(written, 'created').room
    },
    present: room,
    send({ number }, sender, message) {
      const change = typeof message === 'string' ? { content: message } : message
      const judge = async () => ({ acl: (await room({ number })).acl, join: null })
      return store.queue.send({ ...newSend(number, sender, change.content), judge, ...change })
    },
    async said(where, sender, message) {
      const { n } = expectStatus(await world.send(where, sender, message), 'stored')
      return expectRow((await store.messages.at([{ room: where.number, n }]))[0])
    },
    async judged(where, ask) {
      for (;;) {
        const answer = await ask((await room(where)).acl)
        if (answer.status !== 'stale') return answer as Exclude<typeof answer, Stale>
      }
    },
    log: ({ number }) => store.events.range(number, { after: 0, upto: Number.MAX_SAFE_INTEGER, limit: 100_000 }),
    history: ({ number }) => store.messages.range(number, { from: 1, to: Number.MAX_SAFE_INTEGER }, { limit: 100_000, end: 'oldest' }),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
  return world
}

export function newUser(): NewUser {
  const username = fresh('user')
  const unnamed = { email: '', owned_email: null, password: null, first_name: '', last_name: '' }
  return { id: newId(), username, name_key: username, ...unnamed, admin: false, created_at: now }
}

export function newRoom(members: readonly UserRow[], creatorRole: Role | null = 'owner'): NewRoom {
  const [creator, ...others] = members.map(({ number }) => number)
  const plain = { name: null, title: null, description: null, meta: null }
  return {
    id: newId(),
    kind: 'group',
    ...plain,
    policy,
    created_at: now,
    creator: creator ?? 0,
    creatorRole,
    members: others,
    userRooms: 10_000,
  }
}

export function newSend(room: number, sender: UserRow, content: string): Omit<SendRequest, 'judge'> {
  const plain = { meta: null, mentions: [], mentionAll: false, replyTo: null, root: null, forward: null, addressee: null }
  return { room, sender: sender.number, id: newId(), cid: newId(), digest: digestOf(content), content, ...plain, at: now, lane: null }
}

export function newSession(change: Partial<NewSession> = {}): NewSession {
  return {
    id: newId(),
    dia: 'native',
    agent: null,
    created_at: now,
    expires_at: now + 1_000_000,
    refresh_hash: crypto.getRandomValues(new Uint8Array(32)),
    ...change,
  }
}

export function expectRow<T>(row: T | null | undefined): T {
  if (row === undefined || row === null) throw new Error('there is no such row')
  return row
}

type Having<T, S> = T extends { status: unknown } ? (S extends T['status'] ? T & { status: S } : never) : never

/** Narrows an outcome to one status, or fails with what it was. */
export function expectStatus<T extends { status: string }, S extends T['status']>(outcome: T, status: S): Having<T, S> {
  if (outcome.status !== status) throw new Error(`expected ${status}, got ${JSON.stringify(outcome)}`)
  return outcome as Having<T, S>
}

/** How many outcomes have each status. */
export function tally(outcomes: readonly { status: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

export const oneTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)
