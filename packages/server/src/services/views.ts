import type { Member, Message, Profile, Room, RoomSettings, User } from '@parlance/protocol'
import type { MessageState, RoomEvent, RoomKey } from '../live/bus.ts'
import { messageView } from '../live/message-view.ts'
import type { EventRow, MemberRow, MessageRow, RoomRow, UserRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import { brief } from '../live/frames.ts'
import { timestamp } from '../live/timestamp.ts'
import { isAboutMessage, messageState, peopleOf, roomEvent } from './parts/neutral.ts'
import type { People } from './parts/people.ts'

export type RoomWithStay = { room: RoomRow; member: MemberRow | undefined }

/** Rows as readers see them. What rows refer to is loaded once for all of them. */
export type Views = {
  rooms(reader: number, entries: readonly RoomWithStay[]): Promise<Room[]>
  room(reader: number, entry: RoomWithStay): Promise<Room>
  /** Rows as they travel in events. */
  states(rows: readonly MessageRow[]): Promise<MessageState[]>
  /** Rows of one room, with what the reader reacted with. */
  messages(room: string, rows: readonly MessageRow[], reader: number): Promise<Message[]>
  message(room: string, row: MessageRow, reader: number): Promise<Message>
  /** The messages with these ordinals, one of each room, by room number. */
  latest(rooms: readonly { room: RoomRow; n: number }[]): Promise<Map<number, Message>>
  members(rows: readonly MemberRow[], room: RoomRow): Promise<Member[]>
  events(room: RoomRow, rows: readonly EventRow[]): Promise<RoomEvent[]>
}

export function createViews({ store, people }: { store: Store; people: People }): Views {
  const views: Views = {
    async rooms(reader, entries) {
      const person = await people.load(
        entries.flatMap(({ room }) => [room.creator, peerOf(room, reader)].filter((number) => number !== null)),
      )
      const named = (number: number | null) => (number === null ? null : brief(person(number)))
      return entries.map(({ room, member }) => ({
        ...roomFields(room),
        creator: named(room.creator),
        peer: named(peerOf(room, reader)),
        me: stayView(room, member),
      }))
    },
    async room(reader, entry) {
      const [view] = await views.rooms(reader, [entry])
      if (view === undefined) throw new Error('a room without a view')
      return view
    },
    async states(rows) {
      const [person, addressees] = await Promise.all([
        people.load(rows.flatMap(peopleOf)),
        people.byId(rows.map(({ addressee }) => addressee).filter((id) => id !== null)),
      ])
      return rows.map((row) => messageState(row, person, addressees.get(row.addressee ?? '') ?? null))
    },
    async messages(room, rows, reader) {
      const [states, mine] = await Promise.all([views.states(rows), reactionsOf(store, reader, rows)])
      return states.map((state) => {
        const view = messageView(room, state)
        for (const reaction of view.reactions ?? []) if (mine.has(`${view.n} ${reaction.emoji}`)) reaction.mine = true
        return view
      })
    },
    async message(room, row, reader) {
      const [view] = await views.messages(room, [row], reader)
      if (view === undefined) throw new Error('a message without a view')
      return view
    },
    async latest(rooms) {
      const ids = new Map(rooms.map(({ room }) => [room.number, room.id]))
      const rows = rooms.length === 0 ? [] : await store.messages.at(rooms.map(({ room, n }) => ({ room: room.number, n })))
      const states = await views.states(rows)
      return new Map(rows.map(({ room }, index) => [room, messageView(ids.get(room) ?? '', stateOf(states, index))]))
    },
    async members(rows, room) {
      const users = new Map((await store.users.byNumbers(rows.map(({ user }) => user))).map((user) => [user.number, user]))
      return rows.flatMap((row) => {
        const user = users.get(row.user)
        return user === undefined ? [] : [memberView(room, row, user)]
      })
    },
    async events(room, rows) {
      const about = rows.filter(isAboutMessage).map(({ ref }) => ref ?? 0)
      const messages = about.length === 0 ? [] : await store.messages.at([...new Set(about)].map((n) => ({ room: room.number, n })))
      const subjects = rows.filter((row) => !isAboutMessage(row)).map(({ ref }) => ref)
      const numbers = [...rows.map(({ actor }) => actor), ...subjects]
      const person = await people.load(numbers.filter((number) => number !== null))
      const states = new Map((await views.states(messages)).map((state) => [state.n, state]))
      const sharedAfter = room.policy.history === 'open' ? 0 : room.shared_n
      const context = { key: keyOf(room), person, sharedAfter, message: (n: number) => stateAt(states, n), settings: settingsOf(room) }
      const lost = rows.filter((row) => isAboutMessage(row) && !states.has(row.ref ?? 0))
      const floor = lost.length === 0 ? 0 : ((await store.rooms.byNumber(room.number))?.floor_n ?? 0)
      // What is said of a message that has disappeared, be it since the rows were read, is retired with it.
      return rows.filter((row) => !isAboutMessage(row) || (row.ref ?? 0) > floor).map((row) => roomEvent(row, context))
    },
  }
  return views
}

export function keyOf({ number, id, name, pair }: RoomRow): RoomKey {
  const [one, other] = pair === null ? [] : pair.split(':').map(Number)
  return { number, id, name, ...(one !== undefined && other !== undefined && { pair: [one, other] }) }
}

/** Where unread begins: nothing before one's join or already retired counts. */
export const readUpto = (room: RoomRow, member: MemberRow): number => Math.max(member.read_n, member.from_n, room.floor_n)

export const userView = ({ id, username, first_name, last_name }: UserRow): User => ({ id, username, first_name, last_name })

export const profileView = (user: UserRow): Profile => ({ ...userView(user), email: user.email, created_at: timestamp(user.created_at) })

export const memberView = (room: RoomRow, member: MemberRow, user: UserRow): Member => ({
  user: userView(user),
  role: member.role,
  joined_at: timestamp(member.joined_at),
  read: readUpto(room, member),
})

/** The other person of a direct room, oneself in the room with oneself. */
function peerOf({ pair }: RoomRow, reader: number): number | null {
  const [low, high] = pair === null ? [] : pair.split(':').map(Number)
  if (low === undefined || high === undefined) return null
  return low === reader ? high : low
}

/** What of a room can be changed, as its row has it: the row is of its own head. */
export function settingsOf(room: RoomRow): RoomSettings {
  const { name, title, description, meta, policy, slow_mode_s } = room
  return { rev: room.last_seq, name, title, description, meta, policy, archived: room.archived_at !== null, slow_mode_s }
}

function roomFields(room: RoomRow): Omit<Room, 'creator' | 'peer' | 'me'> {
  const { id, kind, members, large } = room
  const { rev: _, ...settings } = settingsOf(room)
  return {
    id,
    kind,
    ...settings,
    members,
    large,
    created_at: timestamp(room.created_at),
    seq: room.last_seq,
    n: room.last_n,
    ttl_s: room.ttl_s,
    floor_seq: room.floor_seq,
    floor_n: room.floor_n,
  }
}

function stayView(room: RoomRow, member: MemberRow | undefined): Room['me'] {
  if (member === undefined) return null
  const read = readUpto(room, member)
  return { role: member.role, joined_at: timestamp(member.joined_at), read, unread: Math.max(0, room.last_n - read) }
}

function stateOf(states: readonly MessageState[], index: number): MessageState {
  const state = states[index]
  if (state === undefined) throw new Error('a message without its state')
  return state
}

/** What a reader reacted with, as `n emoji`. Read after the rows: what is newer than they are comes to a client as an event once more. */
async function reactionsOf(store: Store, reader: number, rows: readonly MessageRow[]): Promise<ReadonlySet<string>> {
  const [first, ...others] = rows.filter(({ reactions }) => reactions.length > 0)
  if (first === undefined) return new Set()
  const own = await store.reactions.ofUser(
    first.room,
    reader,
    [first, ...others].map(({ n }) => n),
  )
  return new Set(own.map(({ n, emoji }) => `${n} ${emoji}`))
}

function stateAt(states: ReadonlyMap<number, MessageState>, n: number): MessageState {
  const state = states.get(n)
  if (state === undefined) throw new Error(`the log names message ${n}, which is missing`)
  return state
}
