import { ChatError } from '@parlance/protocol'
import type { RoomRow } from '../store/rows.ts'
import type { House } from './house.ts'

const pageRooms = 500
const shownMembers = 100

export type RoomLine = {
  id: string
  kind: string
  name: string | null
  title: string | null
  members: number
  messages: number
  made: string
}

/** What an operator sees of rooms: their outside and who is in them, never what is said there. */
export function createRoomDesk({ store }: Pick<House, 'store'>) {
  const line = ({ id, kind, name, title, members, last_n, created_at }: RoomRow): RoomLine => ({
    id,
    kind,
    name,
    title,
    members,
    messages: last_n,
    made: new Date(created_at).toISOString(),
  })

  return {
    /** One page; `next` asks for the page behind it. */
    async list({ query, after }: { query: string; after: number | null }): Promise<{ items: RoomLine[]; next: number | null }> {
      const rows = await store.rooms.list(query, { after, limit: pageRooms })
      return { items: rows.map(line), next: rows.length < pageRooms ? null : (rows.at(-1)?.number ?? null) }
    },

    async show(ref: string) {
      const room = ref.startsWith('name:') ? await store.rooms.byName(ref.slice('name:'.length)) : await store.rooms.byId(ref)
      if (room === undefined) throw new ChatError('not_found', { detail: `There is no room ${ref}.` })
      const members = await store.members.list(room.number, { after: null, limit: shownMembers })
      const users = new Map((await store.users.byNumbers(members.map(({ user }) => user))).map((user) => [user.number, user.username]))
      return {
        ...line(room),
        description: room.description,
        positions: room.last_seq,
        retired: room.floor_seq,
        policy: room.policy,
        people: members.map(({ user, role, joined_at }) => ({
          username: users.get(user) ?? '?',
          role,
          joined: new Date(joined_at).toISOString(),
        })),
      }
    },
  }
}

export type RoomPage = Awaited<ReturnType<ReturnType<typeof createRoomDesk>['list']>>
export type RoomSheet = Awaited<ReturnType<ReturnType<typeof createRoomDesk>['show']>>
