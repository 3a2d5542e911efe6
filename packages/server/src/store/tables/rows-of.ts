import type { Selectable } from 'kysely'
import { parseId, printId } from '../../base/ids.ts'
import type {
  EventRow,
  InviteRow,
  ForwardRow,
  MemberRow,
  MessageRow,
  ReactionCounts,
  RoomRow,
  SanctionRow,
  SessionRow,
  StayRow,
  UserEventRow,
  UserRow,
} from '../rows.ts'
import type {
  EventsTable,
  InvitesTable,
  MembersTable,
  MessagesTable,
  RoomsTable,
  SanctionsTable,
  SessionsTable,
  StaysTable,
  UserEventsTable,
  UsersTable,
} from '../schema.ts'
import type { SendIntent } from '../writes.ts'

/** The bytes of an id that a caller has checked to be one. */
export function idBytes(id: string): Uint8Array {
  const bytes = parseId(id)
  if (bytes === null) throw new Error(`not an id: ${id}`)
  return bytes
}

/** The row in the room's log of a message that was stored. */
export const createdRow = ({ room, sender, at }: Pick<SendIntent, 'room' | 'sender' | 'at'>, seq: number, n: number): EventRow => ({
  room,
  seq,
  type: 'message.created',
  actor: sender,
  ref: n,
  data: null,
  at,
})

const idOrNull = (bytes: Uint8Array | null): string | null => (bytes === null ? null : printId(bytes))
const objectOf = (json: string | null): Record<string, unknown> | null =>
  json === null ? null : (JSON.parse(json) as Record<string, unknown>)

export function userOf({ search_text: _, ...row }: Selectable<UsersTable>): UserRow {
  return { ...row, id: printId(row.id), admin: row.admin !== 0 }
}

export function sessionOf(row: Selectable<SessionsTable>): SessionRow {
  return { ...row, id: printId(row.id) }
}

export function inviteOf({ hash: _, ...row }: Selectable<InvitesTable>): InviteRow {
  return { ...row, id: printId(row.id) }
}

export function roomOf({ search_text: _, listed: __, strict_acl: ___, purged_at: ____, ...row }: Selectable<RoomsTable>): RoomRow {
  return {
    ...row,
    id: printId(row.id),
    meta: objectOf(row.meta),
    policy: JSON.parse(row.policy) as RoomRow['policy'],
    large: row.large !== 0,
  }
}

export function memberOf(row: Selectable<MembersTable>): MemberRow {
  return row
}

export function stayOf(row: Selectable<StaysTable>): StayRow {
  return row
}

export function sanctionOf(row: Selectable<SanctionsTable>): SanctionRow {
  return row
}

export function messageOf({ digest: _, ...row }: Selectable<MessagesTable>): MessageRow {
  return {
    ...row,
    id: printId(row.id),
    meta: objectOf(row.meta),
    mentions: row.mentions === null ? [] : (JSON.parse(row.mentions) as string[]),
    mention_all: row.mention_all !== 0,
    reply_to: idOrNull(row.reply_to),
    root: idOrNull(row.root),
    forward: row.forward === null ? null : (JSON.parse(row.forward) as ForwardRow),
    reactions: countsOf(row),
    addressee: idOrNull(row.addressee),
  }
}

export const countsOf = ({ reactions }: Pick<Selectable<MessagesTable>, 'reactions'>): ReactionCounts =>
  reactions === null ? [] : (JSON.parse(reactions) as ReactionCounts)

export function eventOf(row: Selectable<EventsTable>): EventRow {
  return { ...row, data: objectOf(row.data) }
}

export function userEventOf({ key: _, ...row }: Selectable<UserEventsTable>): UserEventRow {
  return { ...row, session: idOrNull(row.session) }
}
