import { ChatError, type Member } from '@parlance/protocol'
import { mayBring, mayChangeRole, mayTransfer } from '../rules/permissions.ts'
import type { MemberRow } from '../store/rows.ts'
import type { WriteInput, WriteOutput } from '../store/writes.ts'
import type { Call, Deps, Handlers } from './deps.ts'
import { withoutMessages } from './emit.ts'
import { actorOf } from './parts/actor.ts'
import { numberCursors } from './parts/cursors.ts'
import { absent } from './parts/membership.ts'
import { among } from './parts/people.ts'
import { demand, type Standing } from './parts/standings.ts'
import { memberView } from './views.ts'

const listCursors = numberCursors('members')

type Taken = Pick<Deps, 'store' | 'clock' | 'refs' | 'views' | 'emit' | 'lanes' | 'membership'>

/** A member as they stand, what the caller may do there, and the change that is judged by it. */
type Place = { standing: Standing; member: MemberRow; change: WriteInput<'members.transfer'> }
type Change = WriteOutput<'members.role'> | WriteOutput<'members.transfer'> | { status: 'unchanged'; member: MemberRow }

export function createMembers(deps: Taken): Pick<Handlers, `members.${'list' | 'add' | 'update' | 'transfer' | 'remove'}`> {
  const { store, clock, refs, views, emit, lanes, membership } = deps

  const userRow = async (number: number) => {
    const user = await store.users.byNumber(number)
    if (user === undefined) throw new Error(`user ${number} is missing`)
    return user
  }

  /** Changes what another member is in a room: `attempt` judges and writes. */
  const onMember = (call: Call, { room, user }: { room: string; user: string }, attempt: (at: Place) => Promise<Change>): Promise<Member> =>
    lanes.inTurn(call.lane, async () => {
      const actor = actorOf(call)
      const target = await refs.user(actor, user)
      const { seen, outcome } = await refs.change(actor, room, async ({ room: row, standing }) => {
        const member = await store.members.one(row.number, target.number)
        if (member === undefined) throw absent()
        const change = { room: row.number, user: target.number, by: actor.number, acl: row.acl, at: clock.now() }
        return await attempt({ standing, member, change })
      })
      if (outcome.status === 'absent') throw absent()
      if (outcome.status === 'changed') {
        emit.room(outcome.events, withoutMessages(seen.standing.room.key, among([actor, target])))
        emit.user(outcome.userEvents, seen.standing.room.key)
      }
      return memberView(seen.room, outcome.member, target)
    })

  return {
    async 'members.list'(call, input) {
      const { room } = await refs.see(actorOf(call), input.room)
      const found = await store.members.list(room.number, listCursors.ask(input))
      const { rows, next } = listCursors.page(found, input, (member) => member.number)
      return { items: await views.members(rows, room), next }
    },

    'members.add': (call, { room, user, role = 'member' }) =>
      lanes.inTurn(call.lane, async () => {
        const actor = actorOf(call)
        const { seen, person, member } = await membership.enter({
          room,
          by: actor,
          role,
          async whom({ standing }) {
            demand(standing, 'add')
            if (!mayBring(standing, role)) throw new ChatError('forbidden')
            const [found] = await refs.users(actor, [user])
            if (found === undefined) throw new ChatError('not_found', { detail: 'There is no such user.' })
            return found
          },
        })
        return memberView(seen.room, member, await userRow(person.number))
      }),

    'members.update': (call, { room, user, role }) =>
      onMember(call, { room, user }, async ({ standing, member, change }) => {
        if (!mayChangeRole(standing, member.role)) throw new ChatError('forbidden')
        if (member.role === role) return { status: 'unchanged' as const, member }
        return await store.queue.write('members.role', { ...change, role })
      }),

    'members.transfer': (call, { room, user }) =>
      onMember(call, { room, user }, async ({ standing, member, change }) => {
        if (!mayTransfer(standing, member.role)) throw new ChatError('forbidden')
        return await store.queue.write('members.transfer', change)
      }),

    'members.remove': (call, { room, user }) =>
      lanes.inTurn(call.lane, async () => {
        const actor = actorOf(call)
        await membership.depart({ room, by: actor, whom: () => refs.user(actor, user) })
        return null
      }),
  }
}
