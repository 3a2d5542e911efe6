import type { Actor, Directory, Listed, Numbered } from '../dispatch.ts'
import { may } from '../rules/permissions.ts'
import type { RoomRow, UserRow } from '../store/rows.ts'
import type { Deps } from './deps.ts'

type Taken = Pick<Deps, 'store' | 'refs' | 'views'> & { /** Whether everybody sees everybody's address. */ showEmails: boolean }

const isId = (ref: string | number): ref is string => typeof ref === 'string'
const isNumber = (ref: string | number): ref is number => typeof ref === 'number'

/** What has a number at older doors and an id here, read from the store. */
export function createDirectory({ store, refs, views, showEmails }: Taken): Directory {
  const listed = (reader: Actor, rows: readonly UserRow[]): Listed[] =>
    rows
      .map(({ number, id, username, first_name, last_name, email }) => ({
        number,
        id,
        username,
        first_name,
        last_name,
        email: showEmails || number === reader.number ? email : '',
      }))
      .toSorted((one, other) => one.number - other.number)

  /** Rooms of one's own in one statement; others one by one, as there are few of them. */
  const readable = async (reader: Actor, rooms: readonly string[]): Promise<Pick<RoomRow, 'number' | 'id'>[]> => {
    const own = await store.members.inRooms(reader.number, rooms)
    const others = new Set(rooms).difference(new Set(own.map(({ id }) => id)))
    const seen = await Promise.all([...others].map((id) => refs.look(reader, id)))
    return [...own, ...seen.flatMap((found) => (found !== undefined && may(found.standing, 'read') ? [found.room] : []))]
  }

  return {
    async people(reader, asked) {
      const [byId, byNumber] = await Promise.all([
        store.users.byIds(asked.filter(isId)),
        store.users.byNumbers(asked.filter(isNumber).filter(Number.isSafeInteger)),
      ])
      // Whoever is named by number is to be dealt with, and a deleted account is nobody to deal with.
      const present = byNumber.filter(({ state }) => state !== 'deleted')
      return listed(reader, [...new Map([...byId, ...present].map((row) => [row.number, row])).values()])
    },

    async rooms(_reader, asked) {
      const numbers = asked.filter(isNumber).filter(Number.isSafeInteger)
      const [byId, byNumber] = await Promise.all([
        Promise.all(asked.filter(isId).map((id) => store.rooms.byId(id))),
        store.rooms.byNumbers(numbers),
      ])
      return [...byId, ...byNumber].flatMap((row) => (row === undefined ? [] : [{ number: row.number, id: row.id }]))
    },

    async members(reader, asked, max) {
      const rooms = await readable(reader, asked)
      const stays = await store.members.ofRooms(
        rooms.map(({ number }) => number),
        max,
      )
      const users = new Map((await store.users.byNumbers([...new Set(stays.map(({ user }) => user))])).map((row) => [row.number, row]))
      const byRoom = Map.groupBy(stays, ({ room }) => room)
      return new Map(
        rooms.map(({ number, id }) => {
          const rows = (byRoom.get(number) ?? []).flatMap(({ user }) => users.get(user) ?? [])
          return [id, listed(reader, rows)]
        }),
      )
    },

    async messages(reader, room, ns) {
      const { number } = (await refs.see(reader, room)).room
      const states = await views.states(await store.messages.at(ns.map((n) => ({ room: number, n }))))
      return new Map(
        states.map((state): [number, Numbered] => [
          state.n,
          { number: state.number, sender: state.sender.number, addressee: state.addressee?.person ?? null },
        ]),
      )
    },

    roomOfTwo: async (reader, other) => (await store.rooms.ofTwo(reader.number, other))?.id ?? null,
    async present(reader, room, people) {
      const { room: row } = await refs.see(reader, room)
      return await store.members.present(row.number, people)
    },

    async direct(reader, other) {
      const room = await store.rooms.byPair(Math.min(reader.number, other), Math.max(reader.number, other))
      return room?.id ?? null
    },

    async roomOfMessage(_reader, message) {
      const number = await store.messages.roomOf(message)
      const [room] = number === undefined ? [] : await store.rooms.byNumbers([number])
      return room?.id ?? null
    },
  }
}
