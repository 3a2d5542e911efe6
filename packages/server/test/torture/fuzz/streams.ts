import { openStream } from '../../harness/stream.ts'
import { Refused } from '../../harness/schemas.ts'
import type { FuzzDeps } from './workers.ts'
import type { Actor } from './world.ts'

const id = '00000000-0000-7000-8000-000000000000'
const positions = [
  '',
  '.',
  '1',
  'x.1',
  `${'x'.repeat(64)}.9`,
  `e.${'9'.repeat(16)}`,
  `e.${'9'.repeat(40)}`,
  '-1.-1',
  '%00',
  'a'.repeat(3_000),
]
const numbers = ['0', '1', '-1', '1.5', '9007199254740991', '9007199254740993', '1e999', 'NaN', '', '%00', '0x10', '[]']
const lists = [
  '',
  ',',
  id,
  `${id},${id}`,
  `${id},`,
  'me',
  '%ZZ',
  '%f0%9f',
  'x'.repeat(3_000),
  Array.from({ length: 300 }, () => id).join(','),
]

/** Asks for streams with queries and positions of every sort; one that begins is read as far as its first event, and let go. */
export async function fuzzStreams({ world, tally, random }: FuzzDeps, asked: { url: string; reader: Actor; count: number }): Promise<void> {
  const { url, reader, count } = asked
  for (let left = count; left > 0; left -= 1) {
    const { room, actor } = world.scene('rooms.get')
    const isRoom = random.chance(0.5)
    const query = isRoom ? `after=${random.pick(numbers)}` : `${random.pick(['open', 'watch', 'limit'])}=${random.pick(lists)}`
    const path = `${isRoom ? `/rooms/${random.pick([room.id, room.id, room.id, id, 'name:%00', '%'])}/stream` : '/me/stream'}${random.chance(0.5) ? `?${query}` : ''}`
    const position = random.chance(0.6) ? { lastEventId: random.pick(positions) } : {}
    try {
      await using stream = await openStream(url, path, { token: random.pick([actor.token, actor.token, reader.token, 'x']), ...position })
      await stream.next(isRoom ? 'opened' : 'welcome')
      tally.count('a stream', true)
    } catch (error) {
      if (error instanceof Refused) tally.refused('a stream', error.code, `${path} ${JSON.stringify(position)}`)
      else {
        tally.count('a stream', false)
        tally.fail(`GET ${path} ${JSON.stringify(position)}: ${String(error)}`)
      }
    }
  }
}
