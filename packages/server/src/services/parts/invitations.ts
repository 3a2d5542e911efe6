import { ChatError } from '@parlance/protocol'
import type { Links } from '../../auth/links.ts'
import type { Clock } from '../../base/clock.ts'
import { mayBring } from '../../rules/permissions.ts'
import type { InviteRow, RoomRow, UserRow } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import type { Refs, Seen } from '../refs.ts'

/** An invitation that can be used, with the room it is for and who made it. */
export type Invitation =
  | { invite: InviteRow; into: null; maker: UserRow | null }
  | { invite: InviteRow; into: { room: RoomRow; role: 'admin' | 'member' }; maker: UserRow }

/** What a code stands for. */
export type Invitations = {
  /** Rejects with `invalid_link`, whatever is wrong with it: unknown, over, revoked, used up, or its maker may not bring people any more. */
  find(code: string): Promise<Invitation>
}

/** Judges the maker of an invitation as the room stands. */
export function checkMaker({ standing }: Seen, role: 'admin' | 'member'): void {
  if (!mayBring(standing, role)) throw invalidLink()
}

export const invalidLink = (): ChatError => new ChatError('invalid_link')

type Deps = { store: Store; clock: Clock; links: Links; refs: Refs }

export function createInvitations({ store, clock, links, refs }: Deps): Invitations {
  return {
    async find(code) {
      const hash = links.digest(code)
      const invite = hash === null ? undefined : await store.invites.byHash(hash)
      if (invite === undefined || !isOpen(invite, clock.now())) throw invalidLink()
      const maker = invite.creator === null ? null : await store.users.byNumber(invite.creator)
      if (maker !== null && maker?.state !== 'active') throw invalidLink()
      if (invite.room === null) {
        if (maker !== null && !maker.admin) throw invalidLink()
        return { invite, into: null, maker }
      }
      const { role } = invite
      const room = await store.rooms.byNumber(invite.room)
      const seen = room === undefined || maker === null ? undefined : await refs.look(maker, room.id)
      if (seen === undefined || maker === null || role === null) throw invalidLink()
      checkMaker(seen, role)
      return { invite, into: { room: seen.room, role }, maker }
    },
  }
}

const isOpen = ({ uses, max_uses, expires_at, revoked_at }: InviteRow, at: number): boolean =>
  revoked_at === null && expires_at > at && uses < max_uses
