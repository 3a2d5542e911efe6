import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createDirectory } from '../../src/services/directory.ts'
import { openWorld, type Somebody, type World } from './world.ts'

let world: World
let ann: Somebody
let bob: Somebody
beforeAll(async () => {
  world = await openWorld()
  ann = await world.somebody('ann')
  bob = await world.somebody('bob')
  await ann.ask('accounts.update', { email: 'ann@example.org' })
  await bob.ask('accounts.update', { email: 'bob@example.org' })
})
afterAll(() => world[Symbol.asyncDispose]())

const directory = (showEmails = false) => createDirectory({ ...world.deps, showEmails })
const names = (people: readonly { username: string }[] | undefined) => people?.map(({ username }) => username)

describe('people', () => {
  test('are found by id and by number alike, each once, in the order of their numbers', async () => {
    const { number, id } = ann.actor
    const found = await directory().people(ann.actor, [bob.actor.number, id, number, 999_999, -1, 1.5, 'nobody'])
    expect(found.map((person) => [person.number, person.id])).toEqual([
      [number, id],
      [bob.actor.number, bob.actor.id],
    ])
  })

  test('whose account was deleted are found by id alone', async () => {
    const { actor } = await world.somebody('gone')
    await world.deps.deletions.delete({ user: actor.number, messages: 'keep' })
    expect(names(await directory().people(ann.actor, [actor.id]))).toEqual(['deleted user'])
    expect(await directory().people(ann.actor, [actor.number])).toEqual([])
  })

  test('show their address to themselves, and to others only where the installation says so', async () => {
    const emails = async (show: boolean) =>
      (await directory(show).people(ann.actor, [ann.actor.id, bob.actor.id])).map(({ email }) => email)
    expect(await emails(false)).toEqual(['ann@example.org', ''])
    expect(await emails(true)).toEqual(['ann@example.org', 'bob@example.org'])
  })
})

describe('rooms', () => {
  test('are found by id and by number', async () => {
    const { room } = await ann.ask('rooms.create', { kind: 'group', title: 'numbered' })
    const [found] = await directory().rooms(ann.actor, [room.id])
    expect(found?.id).toBe(room.id)
    expect(await directory().rooms(ann.actor, [found?.number ?? 0, 999_999])).toEqual([{ number: found?.number ?? 0, id: room.id }])
  })
})

describe('members', () => {
  test('are those of the rooms that the reader may read, whether one or several are asked for', async () => {
    const own = (await ann.ask('rooms.create', { kind: 'group', title: 'own', members: [bob.actor.id] })).room
    const open = (await bob.ask('rooms.create', { kind: 'public', name: 'open' })).room
    const secret = (await bob.ask('rooms.create', { kind: 'group', title: 'secret' })).room
    const all = await directory().members(ann.actor, [own.id, open.id, secret.id], 10)
    expect([names(all.get(own.id)), names(all.get(open.id)), all.has(secret.id)]).toEqual([['ann', 'bob'], ['bob'], false])
    expect(names((await directory().members(ann.actor, [own.id], 10)).get(own.id))).toEqual(['ann', 'bob'])
    expect((await directory().members(ann.actor, [secret.id], 10)).size).toBe(0)
    expect((await directory().members(bob.actor, [own.id], 1)).get(own.id)).toHaveLength(1)
  })
})

describe('what older doors name otherwise', () => {
  test('the room of two is found by the other one’s number, and not made', async () => {
    const cat = await world.somebody('cat')
    expect(await directory().direct(ann.actor, cat.actor.number)).toBeNull()
    const { room } = await cat.ask('rooms.direct', { user: ann.actor.id })
    expect(await directory().direct(ann.actor, cat.actor.number)).toBe(room.id)
    expect(await directory().direct(cat.actor, ann.actor.number)).toBe(room.id)
  })

  test('a message is found without its room, by whoever asks: whether they may see it is for an operation to say', async () => {
    const { room } = await ann.ask('rooms.create', { kind: 'group', title: 'said' })
    const { message } = await ann.ask('messages.send', { room: room.id, content: 'x' })
    expect(await directory().roomOfMessage(bob.actor, message.id)).toBe(room.id)
    expect(await directory().roomOfMessage(bob.actor, room.id)).toBeNull()
    expect(await bob.refused('messages.get', { room: room.id, message: message.id })).toBe('not_found')
  })

  test('who is present is told to those who may read the room', async () => {
    const { room } = await ann.ask('rooms.create', { kind: 'group', title: 'present' })
    const asked = [ann.actor.number, bob.actor.number]
    expect(await directory().present(ann.actor, room.id, asked)).toEqual([ann.actor.number])
    const refused = await directory()
      .present(bob.actor, room.id, asked)
      .catch((error: { code: string }) => error.code)
    expect(refused).toBe('not_found')
  })
})
