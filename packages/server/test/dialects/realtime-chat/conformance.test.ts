import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { OlderSocket } from '../../harness/older-client.ts'
import { backends, startServer, type TestServer } from '../../harness/server.ts'
import { before, type Frame, isoZ, type Member, older, type Older, password, type Room, texts, uuid } from './people.ts'

const cases = (await backends()).flatMap(({ name, env }) => ['', '/realtime-chat'].map((prefix) => ({ name, env, prefix })))

describe.each(cases)('the scenario of this API ($name, below "$prefix/")', ({ env, prefix }) => {
  let server: TestServer
  let people: Older
  let [alice, bob, carol]: Member[] = []
  const who = (member: Member | undefined): Member => {
    if (member === undefined) throw new Error('nobody of that name has logged in')
    return member
  }
  let general: Room
  const sockets: OlderSocket[] = []
  let hers: OlderSocket
  let his: OlderSocket
  beforeAll(async () => {
    server = await startServer({ env: await env() })
    people = older(server.url, prefix)
  })
  afterAll(async () => {
    await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()))
    await server[Symbol.asyncDispose]()
  })
  const rooms = async (): Promise<Room[]> => (await people.ask('GET', '/chat/rooms/')).json as Room[]
  const closedWith = async (path: string, headers: Record<string, string> = {}) => {
    await using socket = await people.api.open(path, headers)
    const { code } = await socket.closed
    expect(socket.frames).toEqual([])
    return code
  }

  test('1: registering answers name and address, and a taken name is a fault of its field', async () => {
    for (const username of ['alice', 'bob', 'carol']) {
      const json = { username, email: `${username}@x.org`, password }
      const made = await people.ask('POST', '/users/auth/register/', { json })
      expect([made.status, made.json]).toEqual([201, { username, email: `${username}@x.org` }])
    }
    const again = await people.ask('POST', '/users/auth/register/', { json: { username: 'alice', password } })
    expect([again.status, again.json]).toEqual([400, { username: ['A user with that username already exists.'] }])
  })

  test('2: a login answers two tokens, a wrong password 401', async () => {
    const bad = await people.ask('POST', '/users/auth/login/', { json: { username: 'alice', password: 'bad' } })
    expect([bad.status, bad.json]).toEqual([401, { error: 'Invalid Credentials' }])
    ;[alice, bob, carol] = [await people.person('alice'), await people.person('bob'), await people.person('carol')]
    expect(Object.keys((await people.ask('POST', '/users/auth/login/', { json: { username: 'alice', password } })).json as object)).toEqual(
      ['access', 'refresh'],
    )
  })

  test('3: a refresh token brings an access token', async () => {
    const answer = await people.ask('POST', '/users/token/refresh/', { json: { refresh: who(alice).refresh } })
    expect([answer.status, answer.json]).toEqual([200, { access: expect.any(String) }])
  })

  test('4: the profile is shown to its owner and changed', async () => {
    const shown = await people.ask('GET', '/users/auth/profile/', { as: who(alice) })
    const profile = { id: who(alice).id, username: 'alice', email: 'alice@x.org', first_name: '', last_name: '' }
    expect([shown.status, shown.json]).toEqual([200, profile])
    const changed = await people.ask('PUT', '/users/auth/profile/', { as: who(alice), json: { first_name: 'Al', username: 'ignored' } })
    expect([changed.status, changed.json]).toEqual([200, { ...profile, first_name: 'Al' }])
    expect((await people.ask('GET', '/users/auth/profile/')).status).toBe(401)
  })

  test('5: a room is made once under its name, by somebody signed in', async () => {
    const json = { room_name: 'general', description: 'd' }
    general = await people.room(who(alice), json)
    expect(general).toEqual({
      ...json,
      room_id: expect.stringMatching(uuid),
      created_at: expect.stringMatching(isoZ),
      creator_username: 'alice',
      is_private: false,
      message_count: 0,
    })
    const again = await people.ask('POST', '/chat/rooms/create/', { json, as: who(bob) })
    expect([again.status, again.json]).toEqual([400, { room_name: ['chat room with this room name already exists.'] }])
    expect((await people.ask('POST', '/chat/rooms/create/', { json: { room_name: 'other' } })).status).toBe(401)
  })

  test('6: the list is open to everybody', async () => {
    expect(await rooms()).toEqual([general])
    expect((await people.ask('GET', '/chat/rooms/', { token: 'bad' })).json).toEqual([general])
  })

  test('7: a room is shown to all, and changed and deleted by its creator only', async () => {
    const path = `/chat/rooms/${general.room_id}/`
    expect((await people.ask('GET', path, { as: who(bob) })).json).toEqual(general)
    const changed = await people.ask('PUT', path, { as: who(alice), json: { room_name: 'general', description: 'd2', is_private: true } })
    expect([changed.status, changed.json]).toEqual([200, { ...general, description: 'd2' }])
    const denied = { detail: 'You do not have permission to perform this action.' }
    const his = await people.ask('PUT', path, { as: who(bob), json: { room_name: 'general', description: 'bob was here' } })
    expect([his.status, his.json]).toEqual([403, denied])
    const gone = await people.ask('DELETE', path, { as: who(bob) })
    expect([gone.status, gone.json]).toEqual([403, denied])
  })

  test('8: two people have one room, whoever asks', async () => {
    const [a, b] = [who(alice).id, who(bob).id]
    const { status, json } = await people.ask('GET', `/chat/dm/${b}`, { as: who(alice) })
    const room = json as Room
    expect(status).toBe(200)
    expect(room).toMatchObject({
      room_name: `dm_${[String(a), String(b)].toSorted().join('_')}`,
      creator_username: 'alice',
      description: 'Direct message between alice and bob',
      is_private: true,
    })
    expect((await people.ask('GET', `/chat/dm/${a}`, { as: who(bob) })).json).toEqual(room)
    expect((await people.ask('GET', `/chat/dm/${a}/`, { as: who(bob) })).json).toEqual(room)
    const self = await people.ask('GET', `/chat/dm/${a}`, { as: who(alice) })
    expect([self.status, self.json]).toEqual([400, 'Cannot create or direct message with yourself.'])
    const nobody = await people.ask('GET', '/chat/dm/99999', { as: who(alice) })
    expect([nobody.status, nobody.json]).toEqual([404, { detail: 'Not found.' }])
  })

  test('9: a socket without a good token is closed with 4001 as soon as it is open, or refused', async () => {
    const path = people.path('general')
    if (prefix !== '') expect(await closedWith(path)).toBe(4001)
    expect(await closedWith(`${path}?token=abc`)).toBe(4001)
    expect(await closedWith(`${path}?token=${who(alice).refresh}`)).toBe(4001)
    expect(await closedWith(`${path}?token=${who(alice).access}`, { Authorization: 'Bearer abc' })).toBe(4001)
  })

  test('10: who comes by header is told who is here, and that they came', async () => {
    hers = await people.api.open(people.path('general'), { Authorization: `Bearer ${who(alice).access}` })
    sockets.push(hers)
    const me = { id: String(who(alice).id), username: 'alice' }
    expect(await hers.take(2)).toEqual([
      { type: 'room_users_list', users: [me] },
      { type: 'user_join', user_id: me.id, username: me.username },
    ])
  })

  test('11: what one says one gets, with the user’s number as text', async () => {
    hers.send({ message: 'Hello world!' })
    expect(await hers.take(1)).toEqual([
      {
        type: 'chat_message',
        message: 'Hello world!',
        message_id: expect.stringMatching(uuid),
        sender_username: 'alice',
        sender_id: String(who(alice).id),
        timestamp: expect.stringMatching(isoZ),
        edited_at: null,
        is_deleted: false,
      },
    ])
  })

  test('12: who comes by query gets who is here, the history, and that they came, which all are told', async () => {
    const entered = await people.open(who(bob), 'general')
    his = entered.socket
    sockets.push(his)
    const [list, ...history] = entered.before
    expect(list).toEqual({
      type: 'room_users_list',
      users: [who(alice), who(bob)].map(({ id, username }) => ({ id: String(id), username })),
    })
    expect(history).toEqual([hers.frames.at(2) as Frame])
    expect(await hers.take(1)).toEqual([{ type: 'user_join', user_id: String(who(bob).id), username: 'bob' }])
  })

  test('13: both get what is said; what cannot be said is an error to its sender alone, who stays', async () => {
    his.send({ message: 'hi' })
    expect(await hers.take(1)).toEqual(await his.take(1))
    his.send({ message: '' })
    his.send('not json')
    his.send(new TextEncoder().encode('{"message":"binary"}'))
    expect(await his.take(3)).toEqual([
      { error: 'Message content is missing' },
      { error: 'Invalid JSON format received' },
      { error: 'Invalid JSON format received' },
    ])
    his.send({ content: 'by content' })
    his.send({ type: 'message', content: 'by type and content' })
    expect(texts(await his.take(2))).toEqual(['by content', 'by type and content'])
    expect(texts(await hers.take(2))).toEqual(['by content', 'by type and content'])
  })

  test('14: that one types is told to the others only', async () => {
    his.send({ type: 'typing', is_typing: true })
    his.send({ type: 'dance' })
    const typing = { type: 'typing_indicator', user: 'bob', user_id: String(who(bob).id), room: 'general' }
    expect(await hers.take(1)).toEqual([{ ...typing, is_typing: true }])
    his.send({ type: 'typing' })
    expect(await hers.take(1)).toEqual([{ ...typing, is_typing: false }])
    expect(await before(his, 'nothing of it')).toEqual([])
    expect(texts(await hers.take(1))).toEqual(['nothing of it'])
  })

  test('15: who goes is told, at the last of their sockets', async () => {
    const second = await people.enter(who(bob), 'general')
    await second[Symbol.asyncDispose]()
    expect(await before(his, 'still here')).toEqual([])
    await hers.take(1)
    await his[Symbol.asyncDispose]()
    expect(await hers.take(1)).toEqual([{ type: 'user_leave', user_id: String(who(bob).id), username: 'bob' }])
  })

  test('16: a name never used makes a room', async () => {
    await using socket = await people.enter(who(carol), 'fresh')
    expect(socket.ended).toBeNull()
    const made = (await rooms()).find(({ room_name }) => room_name === 'fresh')
    expect(made).toMatchObject({ creator_username: 'carol', description: 'public chat room : fresh', is_private: false })
  })

  test('17: the room of two is closed to a third with 4003, one of nobody with 4000', async () => {
    const name = `dm_${[who(alice), who(bob)]
      .map(({ id }) => String(id))
      .toSorted()
      .join('_')}`
    expect(await closedWith(`${people.path(name)}?token=${who(carol).access}`)).toBe(4003)
    expect(await closedWith(`${people.path('dm_98_99')}?token=${who(carol).access}`)).toBe(4000)
    await using socket = await people.enter(who(alice), name)
    expect(texts(await before(socket, 'to bob'))).toEqual([])
  })

  test('18: the count grows, and a deleted room is gone', async () => {
    const path = `/chat/rooms/${general.room_id}/`
    expect((await rooms()).find(({ room_id }) => room_id === general.room_id)?.message_count).toBe(6)
    expect((await people.ask('DELETE', path, { as: who(alice) })).status).toBe(204)
    expect((await people.ask('GET', path, { as: who(alice) })).status).toBe(404)
    expect((await rooms()).map(({ room_id }) => room_id)).not.toContain(general.room_id)
    expect((await hers.closed).code).toBe(4003)
  })

  test('19: the API shows itself in a browser, and says how the socket talks', async () => {
    const page = await people.ask('GET', '/swagger/')
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.text).toContain(`data-spec="${prefix}/swagger/?format=openapi"`)
    const document = await people.ask('GET', '/swagger/?format=openapi')
    expect(document.json).toMatchObject({ openapi: '3.1.0', paths: { '/chat/rooms/create/': { post: {} } } })
    const words = await people.ask('GET', '/chat/websocket-docs/')
    expect([words.status, words.headers.get('content-type')]).toEqual([200, 'text/markdown; charset=utf-8'])
  })

  test('20: a message is edited and deleted by its sender, which the others see', async () => {
    await using mine = await people.enter(who(alice), 'words')
    await using theirs = await people.enter(who(bob), 'words')
    await mine.take(1)
    mine.send({ message: 'first' })
    const [{ message_id: id = '' } = {}] = (await theirs.take(1)) as Frame[]
    const edit = (as: Member, content: string) => people.ask('PUT', `/chat/messages/${id}/edit/`, { as, json: { content } })
    expect((await edit(who(bob), 'hax')).status).toBe(404)
    const edited = await edit(who(alice), 'second')
    expect([edited.status, edited.json]).toEqual([200, { content: 'second' }])
    const about = { message_id: id, room_id: expect.stringMatching(uuid) }
    expect(await theirs.take(1)).toEqual([
      {
        type: 'message_edited',
        ...about,
        new_content: 'second',
        edited_at: expect.stringMatching(isoZ),
        sender_id: String(who(alice).id),
        sender_username: 'alice',
      },
    ])
    expect((await people.ask('DELETE', `/chat/messages/${id}/delete/`, { as: who(bob) })).status).toBe(404)
    expect((await people.ask('DELETE', `/chat/messages/${id}/delete/`, { as: who(alice) })).status).toBe(204)
    expect(await theirs.take(1)).toEqual([{ type: 'message_deleted', ...about }])
    expect((await people.ask('DELETE', `/chat/messages/${id}/delete/`, { as: who(alice) })).status).toBe(404)
    expect((await edit(who(alice), 'third')).status).toBe(404)
    const { socket, before: came } = await people.open(who(carol), 'words')
    sockets.push(socket)
    expect(came.slice(1)).toMatchObject([{ message: 'This message has been deleted', is_deleted: true, message_id: id }])
  })
})
