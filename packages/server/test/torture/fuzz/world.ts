import type { OperationName } from '@parlance/protocol'
import type { Rest } from '../../harness/rest.ts'
import type { Random } from '../random.ts'
import { Hole, type HoleKind } from './arbitraries.ts'

export const password = 'correct horse battery'

export type Actor = { id: string; username: string; token: string }
/** Somebody signed in once more, whom a logout may end. */
export type SpareSession = { token: string }
type KnownRoom = { id: string; owner: Actor; isPublic: boolean }
type KnownMessage = { room: string; id: string }

/** Who asks, and about what: references in one request belong together, or most of them would be refused. */
export type Scene = { actor: Actor; room: KnownRoom; message: KnownMessage | null; other: Actor }

const actors = 8
const kept = 60

/** What the fuzzer knows of the server: enough that much of what it asks makes sense. */
export class FuzzWorld {
  readonly actors: Actor[]
  readonly spare: SpareSession[] = []
  /** Refresh tokens to be spent; of other sessions, because one spent twice ends its session. */
  readonly tickets: string[] = []
  readonly #rooms: KnownRoom[]
  readonly #messages = new Map<string, KnownMessage[]>()
  readonly #cursors = new Map<OperationName, string[]>()
  readonly #random: Random
  #count = 0

  private constructor(known: Actor[], rooms: KnownRoom[], random: Random) {
    this.actors = known
    this.#rooms = rooms
    this.#random = random
  }

  /** Eight people who share a group, a group with hidden history and a public room each of them owns. */
  static async make(rest: Rest, random: Random): Promise<FuzzWorld> {
    const people = await Promise.all(Array.from({ length: actors }, (_, i) => register(rest, `fuzz${i}`)))
    const rooms: KnownRoom[] = []
    for (const owner of people) {
      const members = people.filter((one) => one !== owner).map(({ id }) => id)
      for (const kind of ['group', 'hidden', 'public'] as const) {
        const { room } = await rest.call(
          'rooms.create',
          {
            kind: kind === 'public' ? 'public' : 'group',
            title: `${kind} of ${owner.username}`,
            members,
            ...(kind === 'public' && { name: `public-${owner.username}` }),
            ...(kind === 'hidden' && { policy: { history: 'hidden' } }),
          },
          { token: owner.token },
        )
        rooms.push({ id: room.id, owner, isPublic: kind === 'public' })
      }
    }
    return new FuzzWorld(people, rooms, random)
  }

  /** A number nobody had before, for names. */
  next(): number {
    this.#count += 1
    return this.#count
  }

  scene(op: OperationName, actor?: Actor): Scene {
    const random = this.#random
    const me = actor ?? random.pick(this.actors)
    const wantsPublic = op === 'rooms.join' || op === 'rooms.leave'
    const wantsOwn = op === 'members.add' || op === 'members.update' || op === 'members.remove'
    const fitting = this.#rooms.filter(({ owner, isPublic }) => (!wantsPublic || (isPublic && owner !== me)) && (!wantsOwn || owner === me))
    const message = random.pick<KnownMessage | null>(orNull(this.#messages.get(me.id)))
    const room = (message !== null && random.chance(0.9) && this.#rooms.find(({ id }) => id === message.room)) || random.pick(fitting)
    const hasMessage = /^(messages|reactions|pins)\./.test(op) && op !== 'messages.list' && op !== 'pins.list'
    return {
      actor: me,
      room: hasMessage ? room : random.pick(fitting),
      message,
      other: random.pick(this.actors.filter((one) => one !== me)),
    }
  }

  /** Puts references into the holes: mostly ones that fit the scene, sometimes of things that are not there. */
  fill(value: unknown, scene: Scene, op: OperationName): unknown {
    if (value instanceof Hole) return this.#random.chance(0.95) ? this.#known(value, scene, op) : this.#stranger(value.kind)
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
      user?: { id: string }
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
    if (op === 'accounts.register' && out.access_token !== undefined) this.spare.push({ token: out.access_token })
    if ((op === 'accounts.login' || op === 'accounts.refresh') && out.refresh_token) this.tickets.push(out.refresh_token)
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
        return this.#random.pick([other.id, other.id, `name:${other.username}`, op.startsWith('members.') ? other.id : 'me'])
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

async function register(rest: Rest, username: string): Promise<Actor> {
  const { user, access_token } = await rest.call('accounts.register', { username, password })
  return { id: user.id, username, token: access_token }
}
