import { findOperation, type InputOf, type OperationName } from '@parlance/protocol'
import type { Rest } from '../../harness/rest.ts'
import type { Random } from '../random.ts'
import { type Actor, type FuzzWorld, type KnownRoom, password, register, type Scene, signIn } from './world.ts'

/**
 * What an operation that ends or changes something for good is asked about. `fields` are what only the server could tell: codes, ids,
 * tokens. `spent` takes back what can be used again after the operation was accepted of this input.
 */
export type Stage = Scene & { fields: Record<string, unknown>; spent?: (input: Record<string, unknown>) => void }
type Prepared = Partial<Pick<Stage, 'actor' | 'other' | 'room' | 'message' | 'fields' | 'spent'>>
type Prepare = (scene: Scene) => Promise<Prepared>
type Person = Actor & { password: string }

/** Asked of these, nothing is used up. */
const lasting: ReadonlySet<OperationName> = new Set([
  'invites.list',
  'invites.preview',
  'requests.list',
  'bans.list',
  'mutes.list',
  'users.reset_link',
  'users.set_password',
])

/** A stage that was refused so often may itself be what is wrong. */
const most = 6

/** Stages for one request each, made by requests that do not count; one that was refused wrote nothing, and its stage serves again. */
export class Stages {
  readonly #rest: Rest
  readonly #world: FuzzWorld
  readonly #random: Random
  readonly #makers: Partial<Record<OperationName, Prepare>>
  readonly #shelf = new Map<string, Stage[]>()
  readonly #uses = new WeakMap<Stage, number>()
  readonly #people = new Map<OperationName, Person[]>()

  constructor(rest: Rest, world: FuzzWorld, random: Random) {
    this.#rest = rest
    this.#world = world
    this.#random = random
    this.#makers = { ...this.#rooms(), ...this.#members(), ...this.#invites(), ...this.#accounts(), ...this.#admins() }
  }

  has(op: OperationName): boolean {
    return this.#makers[op] !== undefined
  }

  /** The stage for an operation, asked by `actor` where it is given; undefined for one that needs none. */
  async take(op: OperationName, actor?: Actor): Promise<Stage | undefined> {
    const prepare = this.#makers[op]
    if (prepare === undefined) return undefined
    const scene = this.#world.scene(op, actor)
    const used = this.#shelf.get(placeOf(op, actor))?.pop()
    const stage: Stage = used ?? { ...scene, fields: {}, ...(await prepare(scene)) }
    // Now and then somebody tries who is no admin.
    if (findOperation(op)?.auth === 'admin') stage.actor = scene.actor
    this.#uses.set(stage, (this.#uses.get(stage) ?? 0) + 1)
    return stage
  }

  /** What became of it; `input` is what the server took in, null where that is not known. */
  settle(
    stage: Stage,
    outcome: { op: OperationName; actor: Actor | undefined; input: Record<string, unknown> | null; accepted: boolean },
  ): void {
    const { op, actor, input, accepted } = outcome
    if (accepted && !lasting.has(op)) {
      if (input !== null) stage.spent?.(input)
    } else if (lasting.has(op) || (this.#uses.get(stage) ?? 0) < most) {
      const place = placeOf(op, actor)
      this.#shelf.set(place, [...(this.#shelf.get(place) ?? []), stage])
    }
  }

  #call<N extends OperationName>(by: Actor, name: N, input: InputOf<N>) {
    return this.#rest.call(name, input, { token: by.token })
  }

  async #room(owner: Actor, wish: Partial<InputOf<'rooms.create'>> = {}): Promise<KnownRoom> {
    const kind = wish.kind ?? 'group'
    const { room } = await this.#call(owner, 'rooms.create', {
      kind,
      ...(kind === 'public' && { name: `stage-${this.#world.next()}` }),
      ...wish,
    })
    return { id: room.id, owner, isArchived: false }
  }

  /** The asker's own room with the other in it. */
  #together({ actor, other }: Scene): Promise<KnownRoom> {
    return this.#room(actor, { members: [other.id] })
  }

  #rooms(): Partial<Record<OperationName, Prepare>> {
    const own: Prepare = async ({ actor }) => ({ room: await this.#room(actor) })
    return {
      'rooms.update': own,
      'rooms.archive': own,
      'rooms.delete': own,
      'rooms.expiry': own,
      'rooms.unarchive': async ({ actor }) => {
        const room = await this.#room(actor)
        await this.#call(actor, 'rooms.archive', { room: room.id })
        return { room }
      },
      'rooms.join': async ({ other }) => ({ room: await this.#room(other, { kind: 'public' }) }),
      'rooms.leave': async ({ actor, other }) => ({ room: await this.#room(other, { members: [actor.id] }) }),
      'messages.delete': async (scene) => {
        const room = await this.#together(scene)
        const { message } = await this.#call(scene.actor, 'messages.send', { room: room.id, content: 'to be deleted' })
        return { room, message }
      },
    }
  }

  #members(): Partial<Record<OperationName, Prepare>> {
    const together: Prepare = async (scene) => ({ room: await this.#together(scene) })
    const punished =
      (name: 'bans.set' | 'mutes.set'): Prepare =>
      async (scene) => {
        const room = await this.#together(scene)
        await this.#call(scene.actor, name, { room: room.id, user: scene.other.id })
        return { room }
      }
    /** `by` asks to join a room of `of`. */
    const asked = async (by: Actor, of: Actor): Promise<Prepared> => {
      const room = await this.#room(of, { policy: { join: 'request' } })
      await this.#call(by, 'requests.create', { room: room.id })
      return { room }
    }
    return {
      'members.add': async ({ actor }) => ({ room: await this.#room(actor) }),
      'members.update': together,
      'members.transfer': together,
      'members.remove': together,
      'bans.set': together,
      'mutes.set': together,
      'bans.lift': punished('bans.set'),
      'mutes.lift': punished('mutes.set'),
      'bans.list': punished('bans.set'),
      'mutes.list': punished('mutes.set'),
      'requests.create': async ({ other }) => ({ room: await this.#room(other, { policy: { join: 'request' } }) }),
      'requests.withdraw': ({ actor, other }) => asked(actor, other),
      'requests.accept': ({ actor, other }) => asked(other, actor),
      'requests.decline': ({ actor, other }) => asked(other, actor),
      'requests.list': async (scene) => {
        const prepared = await asked(scene.other, scene.actor)
        // The same questions may be asked of a closed room.
        if (prepared.room && this.#random.chance(0.3)) await this.#call(scene.actor, 'rooms.archive', { room: prepared.room.id })
        return prepared
      },
    }
  }

  #invites(): Partial<Record<OperationName, Prepare>> {
    const invited = async (by: Actor): Promise<{ room: KnownRoom; invite: string; code: string }> => {
      const room = await this.#room(by)
      const { invite, code } = await this.#call(by, 'invites.create', { room: room.id })
      return { room, invite: invite.id, code }
    }
    return {
      'invites.create': async ({ actor }) => {
        const room = await this.#room(actor)
        return { room, fields: { room: room.id } }
      },
      'invites.list': async ({ actor }) => {
        const { room } = await invited(actor)
        return { room, fields: { room: room.id } }
      },
      'invites.revoke': async ({ actor }) => ({ fields: { invite: (await invited(actor)).invite } }),
      'invites.preview': async ({ actor }) => ({ fields: { code: (await invited(actor)).code } }),
      'invites.redeem': async ({ other }) => ({ fields: { code: (await invited(other)).code } }),
    }
  }

  #accounts(): Partial<Record<OperationName, Prepare>> {
    const login = async ({ actor }: Scene) => {
      const known = this.#world.logins.shift()
      if (known !== undefined) return known
      return { of: actor, ...(await signIn(this.#rest, actor.username)) }
    }
    return {
      'sessions.end': async (scene) => {
        const { of, session } = await login(scene)
        return { actor: of, fields: { session } }
      },
      'accounts.logout': async (scene) => {
        const { of, token } = await login(scene)
        return { actor: { ...of, token } }
      },
      'accounts.logout_all': async () => ({ actor: await this.#newcomer() }),
      'accounts.delete': async () => ({ actor: await this.#newcomer(), fields: { password } }),
      'accounts.password': async () => {
        const actor = await this.#person('accounts.password')
        const spent: Stage['spent'] = (input) => {
          if (typeof input.password === 'string') this.#giveBack('accounts.password', { ...actor, password: input.password })
        }
        return { actor, fields: { current: actor.password }, spent }
      },
      'recovery.redeem': async () => {
        const other = await this.#person('recovery.redeem')
        const { url } = await this.#call(this.#world.admin, 'users.reset_link', { user: other.id })
        return { other, fields: { token: new URL(url).hash.slice(1) }, spent: () => this.#giveBack('recovery.redeem', other) }
      },
    }
  }

  #admins(): Partial<Record<OperationName, Prepare>> {
    const somebody =
      (op: OperationName): Prepare =>
      async () => ({ other: await this.#person(op) })
    /** Undoes what is asked for, so that there is something to do. */
    const turned =
      (op: OperationName, before: 'users.suspend' | 'users.restore'): Prepare =>
      async () => {
        const other = await this.#person(op)
        await this.#call(this.#world.admin, before, { user: other.id })
        return { other, spent: () => this.#giveBack(op, other) }
      }
    return {
      'users.set_password': somebody('users.set_password'),
      'users.reset_link': somebody('users.reset_link'),
      'users.delete': async () => ({ other: await this.#newcomer() }),
      'users.suspend': turned('users.suspend', 'users.restore'),
      'users.restore': turned('users.restore', 'users.suspend'),
    }
  }

  /** Somebody to be ended: one whom the fuzzer registered, or one made now. */
  async #newcomer(): Promise<Actor> {
    return this.#world.newcomers.shift() ?? (await register(this.#rest, `stage.${this.#world.next()}`))
  }

  /** Somebody whom only this operation is done to. */
  async #person(op: OperationName): Promise<Person> {
    return this.#people.get(op)?.pop() ?? { ...(await register(this.#rest, `stage.${this.#world.next()}`)), password }
  }

  #giveBack(op: OperationName, person: Person): void {
    this.#people.set(op, [...(this.#people.get(op) ?? []), person])
  }
}

const placeOf = (op: OperationName, actor: Actor | undefined): string => `${op} ${actor?.id ?? ''}`
