import { findOperation, limits, type OperationName } from '@parlance/protocol'
import type { Rest } from '../../harness/rest.ts'
import type { Random } from '../random.ts'
import { Hole, type HoleKind } from './arbitraries.ts'

export const password = 'correct horse battery'

export type Actor = { id: string; username: string; token: string }
/** One login more of somebody, which may be ended. */
export type Login = { of: Actor; session: string; token: string }
export type KnownRoom = { id: string; owner: Actor; isArchived: boolean }
type KnownMessage = { room: string; id: string }

/** Who asks, and about what: references in one request belong together, or most of them would be refused. */
export type Scene = { actor: Actor; room: KnownRoom; message: KnownMessage | null; other: Actor }

const actors = 8
const kept = 60

const wantsOwn: ReadonlySet<OperationName> = new Set(['pins.add', 'pins.remove', 'requests.list', 'bans.list', 'mutes.list'])
const takesMe: ReadonlySet<OperationName> = new Set(['users.get', 'rooms.direct', 'messages.send', 'messages.edit', 'rooms.create'])
/** A closed room is asked about now and then only: most of what one does in a room is refused there. */
const archivedShare = 0.04

/** What the fuzzer knows of the server: enough that much of what it asks makes sense. Nothing in it is ever ended or taken away. */
export class FuzzWorld {
  readonly actors: Actor[]
  readonly admin: Actor
  /** Of an invitation into the server. */
  readonly code: string
  /** Refresh tokens to be spent; of other sessions, because one spent twice ends its session. */
  readonly tickets: string[] = []
  /** People that nothing else is known of, and logins: to be ended. */
  readonly newcomers: Actor[] = []
  readonly logins: Login[] = []
  readonly #rooms: KnownRoom[]
  readonly #messages = new Map<string, KnownMessage[]>()
  readonly #cursors = new Map<OperationName, string[]>()
  readonly #random: Random
  #count = 0

  private constructor(cast: { people: Actor[]; admin: Actor; code: string }, rooms: KnownRoom[], random: Random) {
    this.actors = cast.people
    this.admin = cast.admin
    this.code = cast.code
    this.#rooms = rooms
    this.#random = random
  }

  /** Eight people who share what each of them owns: a group, one with hidden history, an archived one and a public room. */
  static async make(rest: Rest, random: Random, admin: Actor): Promise<FuzzWorld> {
    const people = await Promise.all(Array.from({ length: actors }, (_, i) => register(rest, `fuzz${i}`)))
    const rooms: KnownRoom[] = []
    for (const owner of people) {
      const members = people.filter((one) => one !== owner).map(({ id }) => id)
      for (const kind of ['group', 'hidden', 'archived', 'public'] as const) {
        const asking = { token: owner.token }
        const { room } = await rest.call(
          'rooms.create',
          {
            kind: kind === 'public' ? 'public' : 'group',
            title: `${kind} of ${owner.username}`,
            members,
            ...(kind === 'public' && { name: `public-${owner.username}` }),
            ...(kind === 'hidden' && { policy: { history: 'hidden' } }),
          },
          asking,
        )
        if (kind === 'archived') await rest.call('rooms.archive', { room: room.id }, asking)
        rooms.push({ id: room.id, owner, isArchived: kind === 'archived' })
      }
    }
    const { code } = await rest.call('invites.create', { max_uses: limits.invite_uses }, { token: admin.token })
    return new FuzzWorld({ people, admin, code }, rooms, random)
  }

  /** A number nobody had before, for names. */
  next(): number {
    this.#count += 1
    return this.#count
  }

  scene(op: OperationName, actor?: Actor): Scene {
    const random = this.#random
    const isAdmins = findOperation(op)?.auth === 'admin' && random.chance(0.97)
    const me = actor ?? (isAdmins ? this.admin : random.pick(this.actors))
    const other = random.pick(this.actors.filter((one) => one !== me))
    const isArchived = random.chance(archivedShare)
    const own = wantsOwn.has(op)
    const fitting = this.#rooms.filter((room) => room.isArchived === isArchived && (!own || room.owner === me || me === this.admin))
    const places = new Map(fitting.map((room) => [room.id, room]))
    const message = random.pick<KnownMessage | null>(orNull(this.#messages.get(me.id)?.filter(({ room }) => !own || places.has(room))))
    // What is sent goes anywhere, and to where there is something to reply to.
    const isAnywhere = op === 'messages.list' || op === 'pins.list' || (op === 'messages.send' && random.chance(0.6))
    const place = /^(messages|reactions|pins)\./.test(op) && !isAnywhere ? message?.room : undefined
    return { actor: me, room: this.#rooms.find(({ id }) => id === place) ?? random.pick(fitting), message, other }
  }

  /** Puts references into the holes: mostly ones that fit the scene, sometimes of things that are not there. */
  fill(value: unknown, scene: Scene, op: OperationName): unknown {
    if (value instanceof Hole) return this.#random.chance(0.96) ? this.#known(value, scene, op) : this.#stranger(value.kind)
    if (Array.isArray(value))
      return [...new Set(value.map((item: unknown) => this.fill(item, scene, op)))].filter((item) => item !== undefined)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, item]): [string, unknown] => [key, this.fill(item, scene, op)])
        .filter(([, item]) => item !== undefined),
    )
  }

  /** Remembers what an answer tells, for later requests. */
  learn(op: OperationName, actor: Actor, output: unknown): void {
    const out = output as {
      message?: { id: string; room: string }
      next?: string | null
      user?: { id: string; username: string }
      session?: string
      access_token?: string
      refresh_token?: string | null
    }
    if (op === 'messages.send' && out.message !== undefined) {
      const list = this.#messages.get(actor.id) ?? []
      list.push({ room: out.message.room, id: out.message.id })
      if (list.length > kept) list.shift()
      this.#messages.set(actor.id, list)
    }
    if (typeof out?.next === 'string') this.#cursors.set(op, [...(this.#cursors.get(op) ?? []).slice(-5), out.next])
    const { user, session, access_token: token, refresh_token: ticket } = out ?? {}
    if (op === 'accounts.register' && user !== undefined && token !== undefined) this.newcomers.push({ ...user, token })
    const of = this.actors.find(({ id }) => id === user?.id)
    // What one login is good for ends it for the other.
    const isToEnd = op === 'accounts.login' && this.#random.chance(0.7)
    if (isToEnd && of !== undefined && session !== undefined && token !== undefined) this.logins.push({ of, session, token })
    else if ((op === 'accounts.login' || op === 'accounts.refresh') && ticket) this.tickets.push(ticket)
  }

  forget(message: unknown): void {
    for (const [user, list] of this.#messages)
      this.#messages.set(
        user,
        list.filter(({ id }) => id !== message),
      )
  }

  #known({ kind, key }: Hole, { room, message, other, actor }: Scene, op: OperationName): string | undefined {
    switch (kind) {
      case 'room':
        return room.id
      case 'user':
        return this.#random.pick([other.id, other.id, `name:${other.username}`, takesMe.has(op) ? 'me' : other.id])
      case 'cid':
        return `cid-${this.next()}`
      case 'cursor':
        return this.#random.pick<string | null>(orNull(this.#cursors.get(op))) ?? undefined
      case 'id':
        if (key === 'message' || key === 'reply_to') return message?.room === room.id ? message.id : key === 'message' ? room.id : undefined
        return key === 'open' || key === 'close' ? room.id : this.#random.pick([other.id, actor.id])
    }
  }

  #stranger(kind: HoleKind): string {
    const id = '00000000-0000-7000-8000-000000000000'
    if (kind === 'cursor') return this.#random.pick(['nonsense', 'eyJ4IjoxfQ', id])
    if (kind === 'cid') return `cid-${this.#random.integer(1, 20)}`
    return kind === 'id' ? id : this.#random.pick([id, 'name:nobody-of-that-name', 'name:\u202e'])
  }
}

/** At least one thing to pick. */
const orNull = <T>(items: readonly T[] = []): readonly (T | null)[] => (items.length === 0 ? [null] : items)

export async function register(rest: Rest, username: string): Promise<Actor> {
  const { user, access_token } = await rest.call('accounts.register', { username, password })
  return { id: user.id, username, token: access_token }
}

export async function signIn(rest: Rest, username: string): Promise<Actor & { session: string }> {
  const { user, access_token, session } = await rest.call('accounts.login', { username, password })
  return { id: user.id, username, token: access_token, session }
}
