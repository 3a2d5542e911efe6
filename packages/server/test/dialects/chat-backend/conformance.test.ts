import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { OlderSocket } from '../../harness/older-client.ts'
import { backends } from '../../harness/server.ts'
import { openWorld, password, type World } from '../../harness/world.ts'
import { backend, type Backend, before, type Chat, type Frame, type Member, type Message } from './people.ts'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const isoZ = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const required = ['This field is required.']

const places = (await backends()).flatMap(({ name, env }) => ['', '/chat-backend'].map((prefix) => ({ name, env, prefix })))

describe.each(places)('below "$prefix/" ($name)', ({ env, prefix }) => {
  let world: World
  let people: Backend
  let alice: Member
  let bob: Member
  let carol: Member
  let direct: Chat
  let team: Chat
  const sockets: OlderSocket[] = []
  beforeAll(async () => {
    world = await openWorld({ env: await env() })
    people = backend(world, prefix)
    alice = await people.person('alice')
    bob = await people.person('bob')
    carol = await people.person('carol')
  })
  afterAll(async () => {
    await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()))
    await world[Symbol.asyncDispose]()
  })

  const ask = (...[who, method, path, json]: [who: Member | null, method: string, path: string, json?: unknown]) =>
    people.api.ask(method, prefix + path, { ...(who !== null && { token: who.access }), ...(json !== undefined && { json }) })
  const user = ({ number, username }: Member, email = '') => ({ id: number, username, email })

  test('a name and its password get two tokens, a wrong password 401 with detail', async () => {
    const good = await ask(null, 'POST', '/api/token/', { username: alice.username, password })
    expect([good.status, Object.keys(good.json as object)]).toEqual([200, ['refresh', 'access']])
    const bad = await ask(null, 'POST', '/api/token/', { username: alice.username, password: 'wrong' })
    expect([bad.status, bad.json]).toEqual([401, { detail: 'No active account found with the given credentials' }])
  })

  test('a refresh token gets an access token, which works', async () => {
    const { status, json } = await ask(null, 'POST', '/api/token/refresh/', { refresh: alice.refresh })
    expect([status, Object.keys(json as object)]).toEqual([200, ['access']])
    const { access } = json as { access: string }
    expect((await ask({ ...alice, access }, 'GET', '/api/chats/')).status).toBe(200)
  })

  test('the chats need a bearer and are an array, empty at first', async () => {
    expect((await ask(null, 'GET', '/api/chats/')).status).toBe(401)
    const { status, json } = await ask(alice, 'GET', '/api/chats/')
    expect([status, json]).toEqual([200, []])
  })

  test('a private chat is made once for the two, whoever asks', async () => {
    const made = await ask(alice, 'POST', '/api/chats/private/', { other_user_id: bob.number })
    expect(made.status).toBe(201)
    direct = made.json as Chat
    expect(direct).toEqual({
      id: expect.stringMatching(uuid),
      is_group: false,
      name: null,
      created_at: expect.stringMatching(isoZ),
      members: [user(alice), user(bob)],
      last_message: null,
    })
    const again = await ask(alice, 'POST', '/api/chats/private/', { other_user_id: bob.number })
    const reverse = await ask(bob, 'POST', '/api/chats/private/', { other_user_id: String(alice.number) })
    expect([again.status, again.json, reverse.status, reverse.json]).toEqual([200, direct, 200, direct])
  })

  test('a private chat with oneself and with nobody are refused', async () => {
    const self = await ask(alice, 'POST', '/api/chats/private/', { other_user_id: alice.number })
    expect([self.status, self.json]).toEqual([400, { detail: 'Cannot create private chat with yourself.' }])
    const nobody = await ask(alice, 'POST', '/api/chats/private/', { other_user_id: 999_999 })
    expect([nobody.status, nobody.json]).toEqual([400, { other_user_id: ['Invalid pk "999999" - object does not exist.'] }])
  })

  test('a group has its maker and those named', async () => {
    const made = await ask(alice, 'POST', '/api/chats/group/', { name: 'Team Chat', member_ids: [bob.number, carol.number] })
    expect(made.status).toBe(201)
    team = made.json as Chat
    expect(team).toMatchObject({ is_group: true, name: 'Team Chat', members: [user(alice), user(bob), user(carol)], last_message: null })
    const nameless = await ask(alice, 'POST', '/api/chats/group/', { member_ids: [bob.number] })
    expect([nameless.status, nameless.json]).toEqual([400, { name: required }])
  })

  test('everybody lists the chats they are in, the first one first', async () => {
    expect((await ask(bob, 'GET', '/api/chats/')).json).toEqual([direct, team])
    expect((await ask(carol, 'GET', '/api/chats/')).json).toEqual([team])
  })

  test('one chat is as it was listed, and 404 to outsiders', async () => {
    const inside = await ask(alice, 'GET', `/api/chats/${team.id}/`)
    expect([inside.status, inside.json]).toEqual([200, team])
    const outside = await ask(carol, 'GET', `/api/chats/${direct.id}/`)
    expect([outside.status, outside.json]).toEqual([404, { detail: 'Not found.' }])
  })

  test('any member removes any other, who then reads nothing', async () => {
    const removed = await ask(bob, 'POST', `/api/chats/${team.id}/remove-member/`, { user_id: carol.number })
    expect([removed.status, (removed.json as Chat).members]).toEqual([200, [user(alice), user(bob)]])
    const again = await ask(bob, 'POST', `/api/chats/${team.id}/remove-member/`, { user_id: carol.number })
    expect([again.status, again.json]).toEqual([200, removed.json])
    const gone = await ask(carol, 'GET', `/api/chats/${team.id}/messages/`)
    expect([gone.status, gone.json]).toEqual([403, { detail: 'You do not have permission to perform this action.' }])
  })

  test('any member adds anybody, once, and nobody to a private chat', async () => {
    const added = await ask(bob, 'POST', `/api/chats/${team.id}/add-member/`, { user_id: carol.number })
    expect([added.status, (added.json as Chat).members]).toEqual([200, [user(alice), user(bob), user(carol)]])
    const again = await ask(bob, 'POST', `/api/chats/${team.id}/add-member/`, { user_id: carol.number })
    expect([again.status, again.json]).toEqual([200, added.json])
    const inPrivate = await ask(bob, 'POST', `/api/chats/${direct.id}/add-member/`, { user_id: carol.number })
    expect([inPrivate.status, inPrivate.json]).toEqual([400, { detail: 'Cannot add members to a private chat.' }])
  })

  test('a message is sent by HTTP, a blank one is not', async () => {
    const sent = await ask(alice, 'POST', `/api/chats/${team.id}/messages/`, { content: ' Hello world! ' })
    expect(sent.status).toBe(201)
    expect(sent.json).toEqual({
      id: expect.stringMatching(uuid),
      chat: team.id,
      sender: user(alice),
      content: 'Hello world!',
      created_at: expect.stringMatching(isoZ),
    })
    const blank = await ask(alice, 'POST', `/api/chats/${team.id}/messages/`, { content: '' })
    expect([blank.status, blank.json]).toEqual([400, { content: ['This field may not be blank.'] }])
  })

  test('a socket opens for members only and tells nothing by itself', async () => {
    const [one, two] = [await people.open(alice, team.id), await people.open(bob, team.id)]
    sockets.push(one, two)
    expect(await before(two, 'nothing before')).toEqual([])
    expect(await one.take(1)).toHaveLength(1)
    expect(await people.api.handshake(`${prefix}/ws/chat/${team.id}/`)).toBe(403)
    expect(await people.api.handshake(`${prefix}/ws/chat/${direct.id}/?token=${carol.access}`)).toBe(403)
  })

  test('what one sends both get, in one frame of six keys', async () => {
    const [one, two] = sockets
    one?.send({ message: 'Hello' })
    const mine = await one?.take(1)
    expect(mine).toEqual([
      {
        type: 'chat_message',
        id: expect.stringMatching(uuid),
        message: 'Hello',
        sender_id: alice.number,
        chat_id: team.id,
        created_at: expect.stringMatching(isoZ),
      },
    ])
    expect(await two?.take(1)).toEqual(mine)
  })

  test('a blank message is nothing, and the socket still works', async () => {
    const [one] = sockets as [OlderSocket]
    one.send({ message: '   ' })
    expect(await before(one, 'once more')).toEqual([])
  })

  test('what is sent by HTTP reaches the sockets in the same frame', async () => {
    const [one] = sockets as [OlderSocket]
    const { id, created_at } = await people.ask<Message>(bob, 'POST', `/api/chats/${team.id}/messages/`, { content: 'by HTTP' })
    const frame = { type: 'chat_message', id, message: 'by HTTP', sender_id: bob.number, chat_id: team.id, created_at }
    expect(await one.take(1)).toEqual([frame])
  })

  test('the messages are all of them, oldest first, with the ids and times of the frames', async () => {
    const [one] = sockets as [OlderSocket]
    const messages = await people.messages(carol, team.id)
    expect(messages.map(({ content }) => content)).toEqual(['Hello world!', 'nothing before', 'Hello', 'once more', 'by HTTP'])
    const told = (one.frames as Frame[]).map(({ id, message, created_at, sender_id }) => [id, message, created_at, sender_id])
    expect(messages.slice(1).map(({ id, content, created_at, sender }) => [id, content, created_at, sender.id])).toEqual(told)
  })

  test('the last message of a chat is that of its last frame', async () => {
    const [one] = sockets as [OlderSocket]
    const chats = await people.ask<Chat[]>(alice, 'GET', '/api/chats/')
    expect(chats.map((chat) => chat.last_message?.id)).toEqual([undefined, (one.frames.at(-1) as Frame).id])
  })
})
