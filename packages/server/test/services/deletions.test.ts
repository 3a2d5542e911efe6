import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { assemble } from '../../src/services/deps.ts'
import { codeOf, openWorld, type Somebody, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const password = 'correct horse'

/** Somebody with a password, who can delete the account. */
async function registered(username: string, email = ''): Promise<Somebody> {
  const session = await world.nobody.ask('accounts.register', { username, password, email })
  return world.of(await world.deps.sessions.authenticate(session.access_token))
}

/** Everything a deletion does at once and later. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 200 && (await world.deps.store.deletions.pending()).length > 0; turn += 1) {
    await world.deps.store.queue.drain()
    await world.clock.advance(100)
  }
  expect(await world.deps.store.deletions.pending()).toEqual([])
}

async function group(owner: Somebody, ...others: Somebody[]): Promise<string> {
  return (await owner.ask('rooms.create', { kind: 'group', title: 'a group', members: others.map(({ actor }) => actor.id) })).room.id
}

describe('deleting one’s account', () => {
  test('needs the password', async () => {
    const ann = await registered('careful')
    expect(await ann.refused('accounts.delete', { password: 'wrong', messages: 'keep' })).toBe('wrong_password')
    expect((await ann.ask('accounts.me', {})).username).toBe('careful')
  })

  test('ends every session, frees the address and keeps the name from others', async () => {
    const ann = await registered('ann', 'ann@example.org')
    const other = await world.nobody.ask('accounts.login', { username: 'ann', password })
    await ann.ask('accounts.delete', { password, messages: 'keep' })
    expect(await codeOf(world.deps.sessions.authenticate(other.access_token))).toBe('unauthenticated')
    expect(world.heard.some((signal) => signal.kind === 'revoked' && signal.user === ann.actor.number && signal.session === null)).toBe(
      true,
    )
    expect(await world.nobody.refused('accounts.login', { username: 'ann', password })).toBe('invalid_credentials')
    expect(await world.nobody.refused('accounts.login', { username: 'ann@example.org', password })).toBe('invalid_credentials')
    expect(await world.nobody.refused('accounts.register', { username: 'Ann', password })).toBe('username_taken')
    expect((await registered('ann2', 'ann@example.org')).actor.username).toBe('ann2')
    await settled()
  })

  test('leaves the messages under the name of a deleted user, and every room to others', async () => {
    const [bob, cy] = [await registered('bob'), await world.somebody('cy')]
    const room = await group(bob, cy)
    const direct = (await cy.ask('rooms.direct', { user: bob.actor.id })).room.id
    for (const place of [room, direct]) await bob.ask('messages.send', { room: place, content: 'stays' })
    expect((await cy.ask('messages.list', { room })).items[0]?.sender.username).toBe('bob')
    await bob.ask('accounts.delete', { password, messages: 'keep' })
    await settled()
    const deleted = { id: bob.actor.id, username: 'deleted user' }
    for (const place of [room, direct])
      expect((await cy.ask('messages.list', { room: place })).items).toMatchObject([{ content: 'stays', sender: deleted }])
    expect(await cy.ask('rooms.get', { room })).toMatchObject({ creator: deleted, members: 1, me: { role: 'owner' } })
    expect(await cy.ask('rooms.get', { room: direct })).toMatchObject({ peer: deleted, members: 1 })
    expect(world.eventsOf(room).slice(-2)).toMatchObject([
      { type: 'member.updated', role: 'owner', actor: null, subject: { username: 'cy' } },
      { type: 'member.left', subject: deleted },
    ])
    expect((await cy.ask('rooms.events', { room, after: 0 })).events.at(-1)).toMatchObject({ ev: 'member.left', data: { user: deleted } })
    expect(await cy.refused('users.get', { user: bob.actor.id })).toBe('not_found')
    expect(await cy.refused('rooms.direct', { user: 'name:bob' })).toBe('not_found')
    expect((await cy.ask('users.search', { query: 'bob' })).items).toEqual([])
    // Who is left may go on alone.
    expect((await cy.ask('messages.send', { room: direct, content: 'goodbye' })).message.n).toBe(2)
  })

  test('removes the texts where that was asked for, in rooms left long ago too, and tells everybody', async () => {
    const [dee, eve] = [await registered('dee'), await world.somebody('eve')]
    const [here, left] = [await group(eve, dee), await group(eve, dee)]
    for (let i = 0; i < 45; i += 1) await dee.ask('messages.send', { room: here, content: `secret ${i}` })
    await eve.ask('messages.send', { room: here, content: 'mine' })
    await dee.ask('messages.send', { room: left, content: 'secret there' })
    await dee.ask('rooms.leave', { room: left })
    await dee.ask('accounts.delete', { password, messages: 'remove' })
    await settled()
    const items = [
      ...(await eve.ask('messages.list', { room: here, limit: 200 })).items,
      ...(await eve.ask('messages.list', { room: left })).items,
    ]
    expect(JSON.stringify(items)).not.toContain('secret')
    expect(items.filter(({ deleted_at }) => deleted_at !== undefined)).toHaveLength(46)
    expect(items.filter(({ content }) => content !== '').map(({ content }) => content)).toEqual(['mine'])
    const told = world.eventsOf(here).filter(({ type }) => type === 'message.deleted')
    expect(told).toHaveLength(45)
    expect(told[0]).toMatchObject({ actor: { username: 'deleted user' }, ref: { id: items[0]?.id, n: 1 } })
    const log = (await eve.ask('rooms.events', { room: left, after: 0 })).events
    expect(log.at(-1)).toMatchObject({ ev: 'message.deleted', data: { by: { username: 'deleted user' } } })
  })

  test('keeps reactions under the name of a deleted user, or takes them back one by one, as it does with what they wrote', async () => {
    const [lea, max, nia] = [await registered('lea'), await registered('max'), await world.somebody('nia')]
    const room = await group(nia, lea, max)
    const message = (await nia.ask('messages.send', { room, content: 'hello' })).message.id
    for (const who of [lea, max, nia]) await who.ask('reactions.add', { room, message, emoji: '👍' })
    await max.ask('reactions.add', { room, message, emoji: '🎈' })
    await max.ask('rooms.leave', { room })
    await lea.ask('accounts.delete', { password, messages: 'keep' })
    await settled()
    await max.ask('accounts.delete', { password, messages: 'remove' })
    await settled()
    const state = await nia.ask('messages.get', { room, message })
    expect(state.reactions).toEqual([{ emoji: '👍', count: 2, mine: true }])
    const { items } = await nia.ask('reactions.list', { room, message })
    expect(items.map(({ user, emoji }) => [user.username, emoji])).toEqual([
      ['deleted user', '👍'],
      ['nia', '👍'],
    ])
    const told = (await nia.ask('rooms.events', { room, after: 0 })).events.filter(({ ev }) => ev === 'reaction.removed')
    const by = { id: max.actor.id, username: 'deleted user' }
    expect(told).toMatchObject([{ data: { user: by, emoji: '👍', count: 2 } }, { data: { user: by, emoji: '🎈', count: 0 } }])
    expect(world.eventsOf(room).filter(({ type }) => type === 'reaction.removed')).toHaveLength(2)
  })

  test('is done by an admin without the password, and not to oneself', async () => {
    const [jo, kim] = [await registered('jo'), await world.somebody('kim')]
    await world.nobody.ask('users.delete', { user: 'name:jo', messages: 'keep' })
    expect(await world.nobody.refused('users.delete', { user: jo.actor.id, messages: 'keep' })).toBe('not_found')
    expect(await kim.refused('users.delete', { user: 'me', messages: 'keep' })).toBe('forbidden')
    expect(await world.nobody.refused('accounts.login', { username: 'jo', password })).toBe('invalid_credentials')
    await settled()
  })

  test('that was broken off is finished by the next run of the server', async () => {
    const [fay, gil] = [await registered('fay'), await world.somebody('gil')]
    const room = await group(fay, gil)
    await fay.ask('messages.send', { room, content: 'secret' })
    // As much as a server wrote that ended right after its answer.
    const user = await world.deps.store.users.byNumber(fay.actor.number)
    const deletion = {
      user: fay.actor.number,
      expected: user?.password ?? null,
      name: 'deleted user',
      messages: 'remove' as const,
      at: world.clock.now(),
    }
    await world.deps.store.queue.write('users.delete', deletion)
    const next = assemble(world.deps)
    next.deletions.resume()
    await settled()
    await next.deletions[Symbol.asyncDispose]()
    // A node that did not do it itself learns of the name within a minute.
    await world.clock.advance(60_000)
    expect(await gil.ask('rooms.get', { room })).toMatchObject({ members: 1, me: { role: 'owner' } })
    expect((await gil.ask('messages.list', { room })).items).toMatchObject([{ content: '', sender: { username: 'deleted user' } }])
  })

  test('takes out again who came in by what was under way when it was deleted', async () => {
    const [hal, ida] = [await registered('hal'), await world.somebody('ida')]
    const { room } = await ida.ask('rooms.create', { kind: 'public', name: 'square' })
    await hal.ask('accounts.delete', { password, messages: 'remove' })
    await world.deps.store.queue.drain()
    // A send that passed the gate before makes a member of whoever posts in a public room.
    await hal.ask('messages.send', { room: room.id, content: 'late' })
    await settled()
    expect((await ida.ask('members.list', { room: room.id })).items).toHaveLength(1)
    expect((await ida.ask('messages.list', { room: room.id })).items).toMatchObject([{ content: '' }])
  })
})
