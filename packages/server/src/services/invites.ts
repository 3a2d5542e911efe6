import { ChatError, type Fault, type InputOf, type Invite, limits, type OutputOf } from '@parlance/protocol'
import { timestamp } from '../live/timestamp.ts'
import { may, mayBring } from '../rules/permissions.ts'
import type { InviteRow } from '../store/rows.ts'
import type { Call, Deps, Handlers } from './deps.ts'
import { actorOf } from './parts/actor.ts'
import { numberCursors } from './parts/cursors.ts'
import { checkMaker, invalidLink } from './parts/invitations.ts'

const listCursors = numberCursors('invites')
const weekSeconds = 604_800

type Taken = Pick<
  Deps,
  'store' | 'clock' | 'newId' | 'links' | 'publicUrl' | 'refs' | 'views' | 'people' | 'lanes' | 'membership' | 'sessions' | 'invitations'
>
type Names = `invites.${'create' | 'list' | 'revoke' | 'preview' | 'redeem'}`

export function createInvites(deps: Taken): Pick<Handlers, Names> {
  const { refs, views, lanes, membership, invitations } = deps
  return {
    'invites.create': (call, input) => create(deps, call, input),
    'invites.list': (call, input) => list(deps, call, input),

    async 'invites.revoke'(call, { invite: id }) {
      await revoke(deps, call, id)
      return null
    },

    'invites.preview': (_call, { code }) => preview(deps, code),

    'invites.redeem': (call, { code }) =>
      lanes.inTurn(call.lane, async () => {
        const actor = actorOf(call)
        const { invite, into, maker } = await invitations.find(code)
        // One into the server is for those who have no account yet.
        if (into === null) throw invalidLink()
        const whom: Parameters<typeof membership.enter>[0]['whom'] = (seen) => {
          checkMaker(seen, into.role)
          return Promise.resolve(actor)
        }
        const { seen } = await membership.enter({ room: into.room.id, by: maker, role: into.role, invite: invite.number, whom })
        const now = await refs.look(actor, seen.room.id)
        if (now === undefined) throw new Error(`room ${seen.room.id} is gone`)
        return await views.room(actor.number, now)
      }),
  }
}

/** Whether the caller acts for the server itself: an admin, or a command on its machine. */
const isAdmin = async ({ sessions }: Taken, call: Call): Promise<boolean> =>
  call.actor === null ? call.operator === true : await sessions.isAdmin(call.actor)

async function create(deps: Taken, call: Call, input: InputOf<'invites.create'>): Promise<OutputOf<'invites.create'>> {
  const { store, clock, newId, links, publicUrl, refs } = deps
  const { room: ref, role, max_uses = 1, expires_in = weekSeconds } = input
  const { token, hash } = links.fresh()
  const at = clock.now()
  const plain = { id: newId(), max_uses, created_at: at, expires_at: at + expires_in * 1000, creator: call.actor?.number ?? null }
  const write = (invite: Pick<InviteRow, 'room' | 'role'>, acl: number | null, atMost: number) =>
    store.queue.write('invites.create', { invite: { ...plain, ...invite }, hash, acl, beside: atMost - 1 })
  if (ref === undefined) {
    if (!(await isAdmin(deps, call))) throw new ChatError('forbidden')
    if (role !== undefined) throw new ChatError('invalid_input', { errors: [roleFault] })
  }
  const outcome =
    ref === undefined
      ? await write({ room: null, role: null }, null, limits.server_invites)
      : await refs.change(actorOf(call), ref, (seen) => {
          if (!mayBring(seen.standing, role ?? 'member')) throw new ChatError('forbidden')
          return write({ room: seen.room.number, role: role ?? 'member' }, seen.room.acl, limits.room_invites)
        })
  const made = 'outcome' in outcome ? outcome.outcome : outcome
  if (made.status !== 'created') throw new ChatError(made.status === 'stale' ? 'overloaded' : made.status)
  const [invite] = await viewsOf(deps, [made.invite])
  if (invite === undefined) throw new Error('an invitation without a view')
  return { invite, code: token, url: `${publicUrl}/invite#${token}` }
}

const roleFault: Fault = { path: '/role', code: 'room', message: 'A role is had in a room only.' }

async function list(deps: Taken, call: Call, input: InputOf<'invites.list'>): Promise<OutputOf<'invites.list'>> {
  const { store, clock } = deps
  const which = { ...(await listed(deps, call, input.room)), at: clock.now() }
  const { rows, next } = listCursors.page(await store.invites.open(which, listCursors.ask(input)), input, ({ number }) => number)
  return { items: await viewsOf(deps, rows), next }
}

/** Which invitations the caller may see. */
async function listed(deps: Taken, call: Call, ref: string | undefined): Promise<{ room: number | null; creator: number | null }> {
  if (ref === undefined) {
    if (!(await isAdmin(deps, call))) throw new ChatError('forbidden')
    return { room: null, creator: null }
  }
  const actor = actorOf(call)
  const { room, standing } = await deps.refs.see(actor, ref)
  if (standing.role === null) throw new ChatError('forbidden')
  return { room: room.number, creator: may(standing, 'manage') ? null : actor.number }
}

async function revoke(deps: Taken, call: Call, id: string): Promise<void> {
  const { store, clock, refs } = deps
  const invite = await store.invites.byId(id)
  if (invite === undefined) throw new ChatError('not_found')
  const { number } = invite
  const room = invite.room === null ? undefined : await store.rooms.byNumber(invite.room)
  if (room === undefined) {
    if (!(await isAdmin(deps, call))) throw new ChatError('not_found')
    await store.queue.write('invites.revoke', { number, in: null, at: clock.now() })
    return
  }
  const actor = actorOf(call)
  // To whom the room is closed, whatever else would be told of a public one.
  if ((await refs.look(actor, room.id))?.standing.banned !== false) throw new ChatError('not_found')
  await refs.change(actor, room.id, ({ room: { number: place, acl }, standing }) => {
    const isOwn = invite.creator === actor.number
    // Of an invitation that is neither one's own nor one's to manage one learns nothing.
    if (!isOwn && !may(standing, 'manage')) throw new ChatError('not_found')
    return store.queue.write('invites.revoke', { number, in: { room: place, acl }, at: clock.now() })
  })
}

async function preview({ invitations }: Taken, code: string): Promise<OutputOf<'invites.preview'>> {
  const { invite, into, maker } = await invitations.find(code)
  const expires_at = timestamp(invite.expires_at)
  const by = maker && { id: maker.id, username: maker.username }
  if (into === null) return { room: null, role: null, by, expires_at, registers: true }
  const { id, kind, name, title, description, members } = into.room
  return { room: { id, kind, name, title, description, members }, role: into.role, by, expires_at, registers: maker?.admin === true }
}

async function viewsOf({ store, people }: Taken, rows: readonly InviteRow[]): Promise<Invite[]> {
  const rooms = await store.rooms.byNumbers(rows.flatMap(({ room }) => (room === null ? [] : [room])))
  const ids = new Map(rooms.map(({ number, id }) => [number, id]))
  const person = await people.load(rows.flatMap(({ creator }) => (creator === null ? [] : [creator])))
  return rows.map(({ id, room, role, creator, uses, max_uses, created_at, expires_at }) => {
    const maker = creator === null ? null : person(creator)
    return {
      id,
      room: room === null ? null : (ids.get(room) ?? null),
      role,
      by: maker && { id: maker.id, username: maker.username },
      uses,
      max_uses,
      created_at: timestamp(created_at),
      expires_at: timestamp(expires_at),
    }
  })
}
