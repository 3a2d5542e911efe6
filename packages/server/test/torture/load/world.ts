import type { Rest } from '../../harness/rest.ts'
import type { Person } from './client.ts'

/** `regulars` stay for the whole run; the `visitor` comes and goes, and is nobody's regular here. */
export type WorldRoom = { id: string; kind: 'group' | 'public'; regulars: Person[]; visitor: Person }

/** Who there is and where. The keeper owns every room and is always a member, so that the log can be read whole in the end. */
export type World = { keeper: Person; people: Person[]; rooms: WorldRoom[] }

const peopleCount = 50
const roomCount = 10
const regularsPerRoom = 10

/** Fifty people in ten rooms that overlap: eight groups, one whose history is hidden from new members, one public room. */
export async function makeWorld(rest: Rest): Promise<World> {
  const names = ['keeper', ...Array.from({ length: peopleCount }, (_, i) => `person${i}`)]
  const [keeper, ...people] = await Promise.all(names.map((name) => register(rest, name)))
  if (keeper === undefined) throw new Error('no keeper')
  const rooms: WorldRoom[] = []
  for (let i = 0; i < roomCount; i += 1) {
    const regulars = Array.from({ length: regularsPerRoom }, (_, k) => people[(i * 5 + k) % peopleCount]).filter((one) => one !== undefined)
    const visitor = people[(i * 5 + 25) % peopleCount]
    if (visitor !== undefined) rooms.push(await makeRoom(rest, { number: i, keeper, regulars, visitor }))
  }
  return { keeper, people, rooms }
}

async function register(rest: Rest, username: string): Promise<Person> {
  const { user, access_token } = await rest.call('accounts.register', { username, password: 'correct horse battery' })
  return { id: user.id, username, token: access_token }
}

type NewRoom = { number: number; keeper: Person; regulars: Person[]; visitor: Person }

async function makeRoom(rest: Rest, { number, keeper, regulars, visitor }: NewRoom): Promise<WorldRoom> {
  const kind = number === roomCount - 1 ? 'public' : 'group'
  const { room } = await rest.call(
    'rooms.create',
    {
      kind,
      title: `Room ${number}`,
      ...(kind === 'public' && { name: `room-${number}` }),
      ...(number === roomCount - 2 && { policy: { history: 'hidden' } }),
      members: [...regulars, visitor].map(({ id }) => id),
    },
    { token: keeper.token },
  )
  return { id: room.id, kind, regulars, visitor }
}
