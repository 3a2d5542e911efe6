import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openWorld, type Somebody, type World } from './world.ts'

let world: World
let ada: Somebody
let bob: Somebody
let cy: Somebody

beforeAll(async () => {
  world = await openWorld()
  ;[ada, bob, cy] = [await world.somebody('ada'), await world.somebody('bob'), await world.somebody('cy')]
})
afterAll(() => world[Symbol.asyncDispose]())

async function spoken(count: number) {
  const { room } = await ada.ask('rooms.create', { kind: 'group', members: [bob.actor.id, cy.actor.id] })
  const ids: string[] = []
  for (let i = 0; i < count; i += 1) ids.push((await ada.ask('messages.send', { room: room.id, content: `m${i}` })).message.id)
  const readers = async (message: string) =>
    (await ada.ask('messages.reads', { room: room.id, message })).items.map(
      ({ user, at }) => `${user.username} ${at === null ? '?' : at.slice(17, 19)}`,
    )
  return { room: room.id, ids, id: (index: number) => ids[index] ?? '', readers }
}

describe('who read a message', () => {
  test('is who said so, with the time of the first saying, and whose marker passed it', async () => {
    const { room, id, readers } = await spoken(3)
    const second = new Date(world.clock.now()).toISOString().slice(17, 19)
    expect(await bob.ask('messages.read', { room, message: id(1) })).toEqual({ read: 2, unread: 1 })
    await world.clock.advance(60_000 * 60)
    await world.clock.advance(1000)
    await bob.ask('messages.read', { room, message: id(1) })
    expect(await readers(id(1))).toEqual([`bob ${second}`])
    await cy.ask('rooms.read', { room, n: 3 })
    expect(await readers(id(1))).toEqual([`bob ${second}`, 'cy ?'])
    expect(await readers(id(0))).toEqual(['bob ?', 'cy ?'])
    expect(await readers(id(2))).toEqual(['cy ?'])
  })

  test('leaves out its sender, who left, and who came later', async () => {
    const { room, id, readers } = await spoken(1)
    const eve = await world.somebody('eve')
    await ada.ask('messages.read', { room, message: id(0) })
    await bob.ask('messages.read', { room, message: id(0) })
    await ada.ask('members.add', { room, user: eve.actor.id })
    expect((await readers(id(0))).join()).toMatch(/^bob \d\d$/)
    await eve.ask('messages.read', { room, message: id(0) })
    await bob.ask('rooms.leave', { room })
    expect((await readers(id(0))).join()).toMatch(/^eve \d\d$/)
  })

  test('is told to members only, and not in a large room', async () => {
    const { room } = await ada.ask('rooms.create', { kind: 'public', name: 'reads' })
    const { message } = await ada.ask('messages.send', { room: room.id, content: 'x' })
    expect(await bob.refused('messages.reads', { room: room.id, message: message.id })).toBe('forbidden')
    expect(await bob.refused('messages.read', { room: room.id, message: message.id })).toBe('forbidden')
    for (let i = 0; i < 100; i += 1) await (await world.somebody(`crowd${i}`)).ask('rooms.join', { room: room.id })
    expect(await ada.refused('messages.reads', { room: room.id, message: message.id })).toBe('room_large')
    await bob.ask('rooms.join', { room: room.id })
    const last = await ada.ask('messages.send', { room: room.id, content: 'y' })
    expect(await bob.ask('messages.read', { room: room.id, message: last.message.id })).toEqual({ read: 2, unread: 0 })
  })

  test('moves the marker like any read: never back, and told to one’s own devices', async () => {
    const { room, id } = await spoken(3)
    await bob.ask('messages.read', { room, message: id(2) })
    expect(await bob.ask('messages.read', { room, message: id(0) })).toEqual({ read: 3, unread: 0 })
    const facts = world.heard.filter((signal) => signal.kind === 'user' && signal.user === bob.actor.number)
    expect(facts.at(-1)).toMatchObject({ type: 'room.read', position: 3 })
    expect(await bob.refused('messages.read', { room, message: room })).toBe('not_found')
  })
})
