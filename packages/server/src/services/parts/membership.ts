import { ChatError, limits, type Role } from '@parlance/protocol'
import type { Clock } from '../../base/clock.ts'
import type { Person } from '../../live/bus.ts'
import { may, mayRemove } from '../../rules/permissions.ts'
import type { MemberRow } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import { type Emit, withoutMessages } from '../emit.ts'
import type { Refs, Seen } from '../refs.ts'
import { among } from './people.ts'
import { positionOf } from './standings.ts'

/** `invite`: the number of the invitation that is used up by it. `requested`: only whoever asks to join. */
type Entry = { room: string; by: Person; role: Role; whom: (seen: Seen) => Promise<Person>; invite?: number; requested?: true }

/** Coming into rooms and going out of them, alone or by another's hand. */
export type Membership = {
  /** `whom` is asked after the room proved visible and the doing allowed, so that a stranger learns nothing of users this way. */
  enter(entry: Entry): Promise<{ seen: Seen; person: Person; member: MemberRow }>
  depart(departure: Omit<Entry, 'role' | 'invite' | 'requested'>): Promise<void>
}

type Deps = { store: Store; clock: Clock; refs: Refs; emit: Emit }

export function createMembership({ store, clock, refs, emit }: Deps): Membership {
  const targetRole = async (seen: Seen, by: Person, person: Person): Promise<Role | undefined> => {
    const member = person.number === by.number ? seen.member : await store.members.one(seen.room.number, person.number)
    return member?.role
  }

  /** Whoever is banned comes in by nobody's hand. */
  const isBanned = async ({ room, standing }: Seen, by: Person, person: Person): Promise<boolean> => {
    if (person.number === by.number) return standing.banned
    const place = await store.members.withRoom(person.number, { number: room.number })
    return place !== undefined && positionOf(place, clock.now()).banned
  }

  return {
    async enter({ room, by, role, whom, ...means }) {
      let person = by
      const { seen, outcome } = await refs.change(by, room, async (seen) => {
        person = await whom(seen)
        if (await isBanned(seen, by, person)) throw new ChatError('banned')
        return await store.queue.write('members.join', {
          room: seen.room.number,
          user: person.number,
          by: person.number === by.number ? null : by.number,
          acl: seen.room.acl,
          at: clock.now(),
          role,
          roomMembers: limits.room_members,
          userRooms: limits.user_rooms,
          ...means,
        })
      })
      if (outcome.status === 'absent') throw noRequest()
      if (!('member' in outcome)) throw new ChatError(outcome.status)
      if (outcome.status === 'joined') {
        emit.room(outcome.events, withoutMessages(seen.standing.room.key, among([by, person])))
        emit.user(outcome.userEvents, seen.standing.room.key)
      }
      return { seen, person, member: outcome.member }
    },

    async depart({ room, by, whom }) {
      let person = by
      const { seen, outcome } = await refs.change(by, room, async (seen) => {
        person = await whom(seen)
        const role = await targetRole(seen, by, person)
        const isSelf = person.number === by.number
        if (role === undefined) throw absent()
        if (!(isSelf ? may(seen.standing, 'leave') : mayRemove(seen.standing, role))) throw new ChatError('forbidden')
        return await store.queue.write('members.leave', {
          room: seen.room.number,
          user: person.number,
          by: isSelf ? null : by.number,
          acl: seen.room.acl,
          at: clock.now(),
          keepOwner: true,
        })
      })
      if (outcome.status !== 'left') throw outcome.status === 'absent' ? absent() : new ChatError(outcome.status)
      emit.room(outcome.events, withoutMessages(seen.standing.room.key, among([by, person])))
      emit.user(outcome.userEvents, seen.standing.room.key)
    },
  }
}

export const noRequest = (): ChatError => new ChatError('not_found', { detail: 'There is no such request.' })

export const absent = (): ChatError => new ChatError('not_found', { detail: 'There is no such member.' })
