import { expect, test } from 'bun:test'
import { openWorld, password } from '../harness/world.ts'
import { type Person, sitDown } from './stage.ts'

/** Two people in a group, each at a terminal. */
async function seated() {
  const world = await openWorld()
  const [ada, bob] = [await world.person('ada'), await world.person('bob')]
  const { room } = await world.rest.call('rooms.create', { kind: 'group', name: 'lab', members: [bob.id] }, ada)
  const sit = async ({ username }: { username: string }): Promise<Person> => {
    const person = sitDown(world.server.url, { user: username, password, room: 'lab' })
    await person.sees('— #lab —')
    return person
  }
  const [a, b] = [await sit(ada), await sit(bob)]
  const leave = async () => {
    for (const person of [a, b]) await person.leaves()
    await world[Symbol.asyncDispose]()
  }
  return { world, ada, bob, room: room.id, a, b, [Symbol.asyncDispose]: leave }
}

test('reactions come as they are made, and the same command takes one back', async () => {
  await using scene = await seated()
  const { a, b } = scene
  a.types('hello')
  await b.sees('#1')
  b.types('/react 1 👍')
  await a.sees('bob2 reacted 👍 to #1')
  await b.sees('bob2 reacted 👍 to #1')
  a.types('/edit 1 hullo')
  expect(await b.sees('hullo')).toMatch(/: hullo \(edited\) \[👍 1\]$/)
  b.types('/react #1 👍')
  await a.sees('bob2 took 👍 back from #1')
  b.types('/react 1')
  await b.sees('Usage: /react <number> <emoji>')
})

test('a thread is shown from any of its messages, and its beginning says how long it is', async () => {
  await using scene = await seated()
  const { a, b } = scene
  a.types('question')
  await b.sees('question')
  b.types('/reply 1 answer')
  expect(await a.sees('answer')).toMatch(/#2 bob2 ↩ #1: answer$/)
  a.types('/thread 2')
  expect(await a.sees('(1 reply)')).toMatch(/#1 ada1: question \(1 reply\)$/)
})

test('pins, forwarded messages and readers are told', async () => {
  await using scene = await seated()
  const { a, b, bob, room, world } = scene
  b.types('words')
  await a.sees('words')
  a.types('/pin 1')
  await b.sees('ada1 pinned #1')
  b.types('/pins')
  expect(await b.sees('(pinned)')).toMatch(/words \(pinned\)$/)
  b.types('/pin 1')
  await b.sees('! You may not do this here.')
  a.types('/pin 1', '/pins')
  await a.sees('Nothing is pinned here.')
  a.types('/forward 1 lab')
  expect(await b.sees('(from ')).toMatch(new RegExp(`#2 ada1: words \\(from ${bob.username}\\)$`))
  await world.rest.call('rooms.read', { room, n: 2 }, bob)
  b.types('/reads 2')
  await b.sees(/^ {2}bob2/)
})

test('a room can be told to forget', async () => {
  await using scene = await seated()
  const { a, b } = scene
  a.types('/expire soon')
  await a.sees('Usage: /expire <seconds or off>')
  a.types('/expire 3600')
  await b.sees('messages disappear after 3600 seconds')
  b.types('/expire off')
  await b.sees('! You may not do this here.')
})
