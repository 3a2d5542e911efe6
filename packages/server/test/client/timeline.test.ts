import { expect, test } from 'bun:test'
import { type Client, createClient } from '@parlance/client'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { eventually } from '../harness/eventually.ts'
import { readFrame, Refused } from '../harness/schemas.ts'
import { openWorld, password, type Person, type World } from '../harness/world.ts'
import { breakingWire } from './breaking-wire.ts'

const timing = { stable_ms: 200, backoff: { base_ms: 5, cap_ms: 50 } }

async function clientOf({ username }: Person, url: string): Promise<Client> {
  const client = createClient({ url, timing, onFrame: (text) => void readFrame(text), follow: 'all' })
  await client.login(username, password)
  client.connect()
  await client.ready()
  return client
}

/** Something that can be done with messages, by one of these people. What is refused has not happened. */
async function act(world: World, { room, people, ids, random }: { room: string; people: Person[]; ids: string[]; random: Random }) {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.fraction() * list.length)] as T
  const { rest } = world
  const who = pick(people)
  const message = pick(ids)
  const one = { room, message }
  const emoji = pick(['👍', '🎈', ':ship:'])
  const roll = random.fraction()
  try {
    if (roll < 0.25) ids.push((await rest.call('messages.send', { room, content: `${ids.length}` }, who)).message.id)
    else if (roll < 0.45) ids.push((await rest.call('messages.send', { room, content: 're', reply_to: message }, who)).message.id)
    else if (roll < 0.65) await rest.call('reactions.add', { ...one, emoji }, who)
    else if (roll < 0.75) await rest.call('reactions.remove', { ...one, emoji }, who)
    else if (roll < 0.85) await rest.call('messages.edit', { ...one, content: `edited ${roll}` }, who)
    else if (roll < 0.9) await rest.call('messages.delete', one, who)
    else if (roll < 0.95) await rest.call('pins.add', one, who)
    else await rest.call('pins.remove', one, who)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
  }
}

for (const history of ['open', 'hidden'] as const) {
  test(`a timeline is what a fresh reading gives, over a wire that breaks all the time (history ${history})`, async () => {
    await using world = await openWorld()
    await using wire = await breakingWire(world.server.url)
    const [ada, bob] = [await world.person('ada'), await world.person('bob')]
    const { room } = await world.rest.call('rooms.create', { kind: 'group', title: 'x', policy: { history } }, ada)
    await world.rest.call('members.add', { room: room.id, user: bob.id }, ada)
    const ids = [(await world.send(ada, room.id, 'first')).id]
    const random = seededRandom(history === 'open' ? 7 : 8)
    const acting = { room: room.id, people: [ada, bob], ids, random }
    for (let step = 0; step < 20; step += 1) await act(world, acting)
    await using client = await clientOf(bob, wire.url)
    await client.open(room.id)
    let changes = 0
    using timeline = client.timeline(room.id, () => void (changes += 1))
    // Read while things happen: what comes meanwhile is newer than the answer, or part of it.
    const reading = timeline.latest(200)
    wire.lasts = () => (random.fraction() < 0.1 ? 100_000 : 3000 + Math.floor(random.fraction() * 20_000))
    for (let step = 0; step < 120; step += 1) await act(world, acting)
    await reading
    const { items } = await world.rest.call('messages.list', { room: room.id, limit: 200 }, bob)
    await eventually(() => Bun.deepEquals(timeline.messages, items))
    expect(timeline.messages).toEqual(items)
    expect(changes).toBeGreaterThan(10)
    expect(items.some(({ thread }) => thread !== undefined)).toBe(true)
    expect(items.some(({ reactions }) => reactions?.some(({ mine }) => mine))).toBe(true)
  }, 60_000)
}
