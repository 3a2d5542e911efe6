import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { password, type Person, type World } from '../harness/world.ts'

/** Who asks. The first six by where they stand in the room of the scene; `operator` is an admin of the server and a stranger to every room. */
export const roles = ['owner', 'admin', 'member', 'former', 'stranger', 'banned', 'operator', 'suspended', 'anonymous'] as const
export type Role = (typeof roles)[number]

export type Named = Exclude<Role, 'anonymous'>

/** The people of a matrix. `outsider` and `other` have things that none of the roles has a part in. */
export type Cast = Record<Named | 'outsider' | 'other' | 'asker', Person>

/** What an input can name: things of one place. Whoever asks reads their own login from `me`. */
export type Ids = { room: string; user: string; message: string; session: string; invite: string; code: string }

/** What was made for a call: the same things of each place. */
export type Scene = Record<Place, Ids>

/**
 * `group`: a private room the roles stand in. `public`: a public one. `foreign`: a private room of others. `astray`: the private room of the
 * roles, and a message, user and session from elsewhere. `direct`: the one-to-one room of `member` and `other`.
 * `asked`: a private room like `group` that takes requests, with an open one of `asker`.
 */
export type Place = 'group' | 'public' | 'foreign' | 'astray' | 'direct' | 'asked'

/** As the operator of the machine may; no operation makes somebody who is there an admin. */
const makeAdmin = (world: World, { id }: Person): void => {
  using database = new Database(join(world.server.dataDir, 'parlance.db'))
  database.run('pragma busy_timeout = 5000')
  database.run('update users set admin = 1 where id = ?', [Buffer.from(id.replaceAll('-', ''), 'hex')])
}

export async function makeCast(world: World): Promise<Cast> {
  const names = ['owner', 'admin', 'member', 'former', 'stranger', 'banned', 'operator', 'suspended', 'outsider', 'other', 'asker'] as const
  const people = await Promise.all(names.map(async (name) => [name, await world.person(name)] as const))
  const cast = Object.fromEntries(people) as Cast
  makeAdmin(world, cast.operator)
  await world.rest.call('users.suspend', { user: cast.suspended.id }, cast.operator)
  return cast
}

/** Signs somebody in again whose login a call may have ended. */
export async function signIn(world: World, cast: Cast, name: Named): Promise<void> {
  const { username } = cast[name]
  const session = await world.rest.call('accounts.login', { username, password })
  cast[name] = { ...cast[name], token: session.access_token, refresh: session.refresh_token ?? '' }
}

type Making = { world: World; cast: Cast; id: number }

/** A room in which everybody stands as their role says, with a message of `member`. */
async function room({ world: { rest }, cast, id }: Making, kind: 'group' | 'public'): Promise<Ids> {
  const { owner, admin, member, former, banned } = cast
  const named = kind === 'public' ? { name: `matrix ${id}` } : { title: 'matrix' }
  const members = [admin, member, former, banned].map((person) => person.id)
  const { room } = await rest.call('rooms.create', { kind, ...named, members }, owner)
  await rest.call('members.update', { room: room.id, user: admin.id, role: 'admin' }, owner)
  const { message } = await rest.call('messages.send', { room: room.id, content: 'of a member', cid: `m${id}` }, member)
  await rest.call('members.remove', { room: room.id, user: former.id }, owner)
  await rest.call('bans.set', { room: room.id, user: banned.id }, owner)
  const { invite, code } = await rest.call('invites.create', { room: room.id }, owner)
  return { room: room.id, user: member.id, message: message.id, session: '', invite: invite.id, code }
}

async function foreign({ world: { rest }, cast: { outsider, other } }: Making): Promise<Ids> {
  const { room } = await rest.call('rooms.create', { kind: 'group', title: 'private', members: [other.id] }, outsider)
  const { message } = await rest.call('messages.send', { room: room.id, content: 'private' }, outsider)
  const [session] = (await rest.call('sessions.list', {}, outsider)).items
  const { invite, code } = await rest.call('invites.create', { room: room.id }, outsider)
  return { room: room.id, user: other.id, message: message.id, session: session?.id ?? '', invite: invite.id, code }
}

async function asked(making: Making): Promise<Ids> {
  const { world, cast } = making
  const ids = await room({ ...making, id: making.id + 1_000_000 }, 'group')
  await world.rest.call('rooms.update', { room: ids.room, policy: { join: 'request' } }, cast.owner)
  // One's open requests are bounded: those of earlier scenes go.
  const { items } = await world.rest.call('requests.mine', {}, cast.asker)
  for (const earlier of items) await world.rest.call('requests.withdraw', { room: earlier.room }, cast.asker)
  await world.rest.call('requests.create', { room: ids.room }, cast.asker)
  return { ...ids, user: cast.asker.id }
}

async function direct({ world: { rest }, cast: { member, other } }: Making): Promise<Ids> {
  const { room } = await rest.call('rooms.direct', { user: other.id }, member)
  const { message } = await rest.call('messages.send', { room: room.id, content: 'between us' }, member)
  return { room: room.id, user: other.id, message: message.id, session: '', invite: crypto.randomUUID(), code: 'none' }
}

let scenes = 0

/** Everything anew, so that what one call did is nothing to the next. */
export async function makeScene(world: World, cast: Cast): Promise<Scene> {
  const making = { world, cast, id: (scenes += 1) }
  const group = await room(making, 'group')
  const others = await foreign(making)
  return {
    group,
    public: await room(making, 'public'),
    foreign: others,
    astray: { ...others, room: group.room },
    direct: await direct(making),
    asked: await asked(making),
  }
}

/** The same with ids that nobody has: where existence is private it must make no difference. */
export const unknownOf = (place: Place, ids: Ids): Ids => {
  const never = { message: crypto.randomUUID(), session: crypto.randomUUID(), invite: crypto.randomUUID(), code: 'guessed' }
  return place === 'astray' ? { ...ids, ...never } : { ...ids, ...never, room: crypto.randomUUID() }
}
