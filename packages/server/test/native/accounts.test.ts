import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type Client, createClient } from '@parlance/client'
import { eventually } from '../harness/eventually.ts'
import { mailServer } from '../harness/mail-server.ts'
import { openWorld, password, type World } from '../harness/world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

/** Asks over the door of commands. */
const command = async (request: object): Promise<{ ok?: unknown; err?: { code: string } }> => {
  // oxlint-disable-next-line no-restricted-globals -- the control socket speaks no published protocol
  const answer = await fetch('http://control/', {
    unix: join(world.server.dataDir, 'control.sock'),
    method: 'POST',
    body: JSON.stringify(request),
  })
  return (await answer.json()) as { ok?: unknown; err?: { code: string } }
}

describe('operations of admins', () => {
  test('are refused to everybody else, on either door, and done for admins and for commands', async () => {
    const ann = await world.person('ann')
    expect((await world.rest.ask('users.list', {}, ann)).problem?.code).toBe('forbidden')
    expect((await world.rest.ask('users.list', {})).problem?.code).toBe('unauthenticated')
    const socket = await world.socket(ann)
    expect(await socket.op('users.list', {}).catch((error: unknown) => error)).toMatchObject({ code: 'forbidden' })
    const listed = (await command({ op: 'users.list', in: { query: ann.username } })).ok
    expect(listed).toMatchObject({ items: [{ username: ann.username, state: 'active', admin: false }], next: null })
    // In somebody's name a command may what that person may.
    expect((await command({ as: ann.username, op: 'users.list' })).err?.code).toBe('forbidden')
    expect((await command({ op: 'rooms.list' })).err?.code).toBe('unauthenticated')
    await command({ user: { username: 'boss', password, admin: true } })
    const boss = await world.rest.call('accounts.login', { username: 'boss', password })
    const { items } = await world.rest.call('users.list', { query: 'boss' }, { token: boss.access_token })
    expect(items).toMatchObject([{ username: 'boss', admin: true }])
  })
})

describe('a forgotten password', () => {
  test('comes back by mail: the answer is the same for everybody, and no log has the link', async () => {
    await using mail = mailServer()
    const env = { SMTP_URL: mail.url, MAIL_FROM: 'Chat <chat@example.org>', PUBLIC_URL: 'https://chat.example.org' }
    await using posting = await openWorld({ env })
    const { rest, server } = posting
    await rest.call('accounts.register', { username: 'ann', password, email: 'ann@example.org' })
    for (const username of ['nobody@example.org', 'ann@example.org', 'ann', 'nobody']) {
      const answer = await rest.ask('recovery.request', { username })
      expect([answer.status, answer.result]).toEqual([204, null])
    }
    await eventually(() => mail.received.length === 2)
    const token = /https:\/\/chat\.example\.org\/reset#([\w-]+)/.exec(mail.received[0]?.text ?? '')?.[1] ?? ''
    await rest.call('recovery.redeem', { token, password: 'battery staple' })
    expect((await rest.ask('recovery.redeem', { token, password: 'battery staple' })).problem?.code).toBe('invalid_link')
    expect((await rest.call('accounts.login', { username: 'ann', password: 'battery staple' })).user.username).toBe('ann')
    expect(server.lines.length).toBeGreaterThan(0)
    expect(server.lines.join('')).not.toContain(token)
  })

  test('is on its way before the server has ended, whoever asked last', async () => {
    await using mail = mailServer()
    const posting = await openWorld({ env: { SMTP_URL: mail.url, MAIL_FROM: 'chat@example.org', PUBLIC_URL: 'https://chat.example.org' } })
    await posting.rest.call('accounts.register', { username: 'ann', password, email: 'ann@example.org' })
    expect((await posting.rest.ask('recovery.request', { username: 'ann' })).status).toBe(204)
    await posting[Symbol.asyncDispose]()
    expect(mail.received.map(({ to }) => to)).toEqual(['ann@example.org'])
  })
})

describe('log out everywhere', () => {
  test('closes every socket of the person within a second', async () => {
    const ann = await world.person('ann')
    const again = await world.rest.call('accounts.login', { username: ann.username, password })
    const sockets = [await world.socket(ann), await world.socket({ ...ann, token: again.access_token })]
    await world.rest.call('accounts.logout_all', {}, ann)
    const answered = performance.now()
    for (const socket of sockets) expect((await socket.closed).code).toBe(4401)
    expect(performance.now() - answered).toBeLessThan(1000)
    expect((await world.rest.ask('accounts.me', {}, { token: again.access_token })).problem?.code).toBe('unauthenticated')
  })
})

describe('a client of the SDK', () => {
  test('keeps its session when it changes the password, and others of the account end with a reason', async () => {
    const ann = await world.person('ann')
    await using here = createClient({ url: world.server.url })
    await using there = createClient({ url: world.server.url })
    await here.login(ann.username, password)
    await there.login(ann.username, password)
    for (const client of [here, there]) {
      client.connect()
      await client.ready()
    }
    await here.call('accounts.password', { current: password, password: 'battery staple' })
    await eventually(() => there.session === null)
    expect((await here.call('accounts.me', {})).username).toBe(ann.username)
    expect(here.status.state).toBe('ready')
    await here.refresh()
    const { items } = await here.call('sessions.list', {})
    expect(items).toMatchObject([{ id: here.session?.session ?? '', current: true }])
  })

  test('is signed out with an answer when it logs out everywhere, whichever way it asks', async () => {
    const ann = await world.person('ann')
    for (const leave of [
      (client: Client) => client.logout({ everywhere: true }),
      (client: Client) => client.call('accounts.logout_all', {}),
    ]) {
      await using client = createClient({ url: world.server.url })
      await client.login(ann.username, password)
      const { items } = await client.call('sessions.list', {})
      client.connect()
      await client.ready()
      await leave(client)
      await eventually(() => client.session === null && client.status.state !== 'ready')
      const again = await world.rest.call('accounts.login', { username: ann.username, password })
      const left = await world.rest.call('sessions.list', {}, { token: again.access_token })
      expect(left.items.some(({ id }) => items.some((item) => item.id === id))).toBe(false)
    }
  })
})
