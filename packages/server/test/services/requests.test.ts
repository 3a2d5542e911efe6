import { afterAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { openTrio } from './trio.ts'
import { faultsOf, type Somebody } from './world.ts'

const { world, ada, bob, eve, ...rooms } = await openTrio()
afterAll(() => world[Symbol.asyncDispose]())

const asking = async (members?: Somebody[]) => (await rooms.group(members, { policy: { join: 'request' } })).id
const openOf = async (who: Somebody, room: string) => (await who.ask('requests.list', { room })).items.map(({ user }) => user.username)

describe('a request to join', () => {
  test('is told to those who run the room, and becomes a membership by their hand', async () => {
    const room = await asking()
    const before = world.heard.length
    const request = await eve.ask('requests.create', { room, message: 'let me in' })
    expect(request).toMatchObject({ room, user: { username: 'eve' }, message: 'let me in' })
    expect(world.heard.slice(before)).toMatchObject([{ kind: 'user', user: ada.actor.number, type: 'room.requested', position: 1 }])
    expect(await eve.ask('requests.create', { room, message: 'please' })).toEqual(request)
    expect((await eve.ask('requests.mine', {})).items).toEqual([request])
    expect((await ada.ask('requests.list', { room })).items).toEqual([request])
    expect(await bob.refused('requests.list', { room })).toBe('forbidden')
    expect(await eve.refused('rooms.get', { room })).toBe('not_found')
    const answers = await Promise.all([1, 2, 3].map(() => ada.ask('requests.accept', { room, user: eve.actor.id })))
    expect(answers.map(({ role }) => role)).toEqual(['member', 'member', 'member'])
    expect(world.eventsOf(room).filter(({ subject }) => subject?.username === 'eve')).toHaveLength(1)
    expect((await eve.ask('rooms.get', { room })).me).toMatchObject({ role: 'member' })
    expect([await openOf(ada, room), (await eve.ask('requests.mine', {})).items]).toEqual([[], []])
    expect(await eve.refused('requests.create', { room })).toBe('forbidden')
  })

  test('is declined with a word to whoever asked, who may ask again, or taken back', async () => {
    const room = await asking()
    await eve.ask('requests.create', { room })
    await ada.ask('requests.decline', { room, user: eve.actor.id })
    const { events } = await eve.ask('me.events', { after: 0 })
    expect(events.at(-1)).toMatchObject({ uev: 'request.declined', data: { room } })
    expect(await ada.refused('requests.decline', { room, user: eve.actor.id })).toBe('not_found')
    expect(await ada.refused('requests.accept', { room, user: eve.actor.id })).toBe('not_found')
    await eve.ask('requests.create', { room })
    await eve.ask('requests.withdraw', { room })
    expect(await openOf(ada, room)).toEqual([])
    expect(await eve.refused('requests.withdraw', { room })).toBe('not_found')
  })

  test('is for rooms that take them: others tell a stranger nothing', async () => {
    const { room } = await ada.ask('rooms.create', { kind: 'group' })
    expect(await eve.refused('requests.create', { room: room.id })).toBe('not_found')
    const { room: open } = await ada.ask('rooms.create', { kind: 'public', name: 'anybody' })
    expect(await eve.refused('requests.create', { room: open.id })).toBe('forbidden')
  })

  test('goes with a ban, which bars another one, and with a policy that takes none', async () => {
    const room = await asking()
    await eve.ask('requests.create', { room })
    await ada.ask('bans.set', { room, user: eve.actor.id })
    expect(await openOf(ada, room)).toEqual([])
    expect(await eve.refused('requests.create', { room })).toBe('banned')
    await ada.ask('bans.lift', { room, user: eve.actor.id })
    await eve.ask('requests.create', { room })
    await ada.ask('rooms.update', { room, policy: { join: 'nobody' } })
    expect(await openOf(ada, room)).toEqual([])
    expect(await eve.refused('requests.create', { room })).toBe('not_found')
  })

  test('of an archived room is listed and declined there, and accepted once the room is open again', async () => {
    const room = await asking()
    const fay = await world.somebody('fay.a')
    for (const one of [eve, fay]) await one.ask('requests.create', { room })
    await ada.ask('rooms.archive', { room })
    expect(await openOf(ada, room)).toEqual(['eve', 'fay.a'])
    expect(await bob.refused('requests.list', { room })).toBe('forbidden')
    expect(await ada.refused('requests.accept', { room, user: eve.actor.id })).toBe('room_archived')
    await ada.ask('requests.decline', { room, user: fay.actor.id })
    await ada.ask('rooms.unarchive', { room })
    await ada.ask('requests.accept', { room, user: eve.actor.id })
    expect(await openOf(ada, room)).toEqual([])
  })

  test('goes with a membership that came another way', async () => {
    const room = await asking()
    await eve.ask('requests.create', { room })
    await ada.ask('members.add', { room, user: eve.actor.id })
    expect(await openOf(ada, room)).toEqual([])
  })

  test('is bounded for a person, and told to so many of those who run a room', async () => {
    const fay = await world.somebody('fay')
    for (let number = 0; number < limits.user_requests; number += 1) await fay.ask('requests.create', { room: await asking([]) })
    expect(await fay.refused('requests.create', { room: await asking([]) })).toBe('list_full')
    const page = await fay.ask('requests.mine', { limit: 60 })
    expect((await fay.ask('requests.mine', { limit: 60, cursor: page.next ?? '' })).items).toHaveLength(limits.user_requests - 60)
    const room = await asking([])
    for (let number = 0; number < limits.request_told + 3; number += 1) {
      const { actor } = await world.somebody(`admin${number}`)
      await ada.ask('members.add', { room, user: actor.id, role: 'admin' })
    }
    const before = world.heard.length
    await eve.ask('requests.create', { room })
    expect(world.heard.slice(before)).toHaveLength(limits.request_told)
  })

  test('of a public room is the only way to a voice in it', async () => {
    const policy = { join: 'request' as const }
    const { room } = await ada.ask('rooms.create', { kind: 'public', name: 'read only', policy })
    expect((await eve.ask('messages.list', { room: room.id })).items).toEqual([])
    expect(await eve.refused('messages.send', { room: room.id, content: 'x' })).toBe('forbidden')
    expect(await eve.refused('rooms.join', { room: room.id })).toBe('forbidden')
    await eve.ask('requests.create', { room: room.id })
    await ada.ask('requests.accept', { room: room.id, user: eve.actor.id })
    await eve.ask('messages.send', { room: room.id, content: 'thank you' })
    expect(await faultsOf(ada.ask('rooms.create', { kind: 'public', name: 'nobody decides', ownerless: true, policy }))).toEqual([
      '/policy/join',
    ])
  })
})
