import { describe, expect, test } from 'bun:test'
import { ChatError, operations } from '@parlance/protocol'
import { eventually } from '../../server/test/harness/eventually.ts'
import { ConnectionError } from '../src/index.ts'
import { platformDefaults } from '../src/platform.ts'
import { chatError, requestOf } from '../src/rest.ts'
import { scene } from './peer/scene.ts'

describe('a request', () => {
  test('carries each field where the operation puts it', () => {
    expect(requestOf(operations['messages.send'], { room: 'name:a/b', content: 'hi', cid: 'c' })).toEqual({
      method: 'POST',
      path: '/rooms/name%3Aa%2Fb/messages',
      body: '{"content":"hi","cid":"c"}',
    })
    expect(requestOf(operations['messages.list'], { room: 'r', before: 7, after: undefined })).toEqual({
      method: 'GET',
      path: '/rooms/r/messages?before=7',
    })
    expect(requestOf(operations['presence.get'], { users: ['a', 'b'] }).path).toBe('/presence?users=a%2Cb')
    expect(requestOf(operations['users.search'], { query: 'a&b=c' }).path).toBe('/users?query=a%26b%3Dc')
    expect(requestOf(operations['messages.delete'], { room: 'r', message: 'm' })).toEqual({ method: 'DELETE', path: '/rooms/r/messages/m' })
    expect(requestOf(operations['rooms.join'], { room: 'r' })).toEqual({ method: 'POST', path: '/rooms/r/join', body: '{}' })
  })

  test('gets an error of the table even for a code of a later version', () => {
    expect(chatError({ code: 'room_full', detail: 'no' })).toMatchObject({ code: 'room_full', detail: 'no' })
    expect(chatError({ code: 'too_loud', detail: 'hush' }, 403)).toMatchObject({ code: 'forbidden', detail: 'too_loud: hush' })
    expect(chatError({ code: 'melted' }, 599)).toMatchObject({ code: 'internal' })
    expect(chatError({ code: 'odd' })).toMatchObject({ code: 'invalid_input' })
  })
})

describe('a call', () => {
  test('goes over HTTP before there is a connection, and over the connection once it is ready', async () => {
    await using stage = scene()
    const client = stage.client()
    await client.login('alice', 'alice-password')
    await client.call('rooms.get', { room: 'name:hall' })
    client.connect()
    await client.ready()
    const room = await client.call('rooms.get', { room: 'name:hall' })
    expect(room.id).toBe(stage.hall.id)
    expect(stage.peer.calls.filter(({ op }) => op === 'rooms.get').map(({ door }) => door)).toEqual(['rest', 'socket'])
  })

  test('is refused alike at both doors', async () => {
    await using stage = scene()
    const client = stage.client()
    await client.login('alice', 'alice-password')
    const refused = () => client.call('rooms.get', { room: 'name:nowhere' }).catch((error: unknown) => error)
    const overHttp = await refused()
    client.connect()
    await client.ready()
    const overSocket = await refused()
    expect(overHttp).toBeInstanceOf(ChatError)
    expect(overSocket).toEqual(overHttp)
    stage.peer.behave = () => new ChatError('rate_limited', { retry_ms: 70 })
    expect(await refused()).toMatchObject({ code: 'rate_limited', retryMs: 70 })
    client.disconnect()
    expect(await refused()).toMatchObject({ code: 'rate_limited', retryMs: 70 })
  })

  test('that does not fit into a frame goes over HTTP', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    // Each of these characters takes six bytes in JSON.
    const content = '\u0001'.repeat(3900)
    await client.call('messages.send', { room: stage.hall.id, content, meta: { note: 'x'.repeat(3000), more: '\u0002'.repeat(7000) } })
    await client.call('messages.send', { room: stage.hall.id, content: 'ä'.repeat(4000) })
    const sends = stage.peer.calls.filter(({ op }) => op === 'messages.send')
    expect(sends.map(({ door }) => door)).toEqual(['rest', 'socket'])
    expect(client.status.state).toBe('ready')
  })

  test('is asked again on the next connection if it reads or has a cid; any other write is in doubt', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.behave = ({ door }) => (door === 'socket' ? 'silent' : 'answer')
    const read = client.call('rooms.get', { room: stage.hall.id })
    const send = client.call('messages.send', { room: stage.hall.id, content: 'once', cid: 'c-1' })
    const join = client.call('rooms.join', { room: stage.hall.id }).catch((error: unknown) => error)
    const bare = client.call('messages.send', { room: stage.hall.id, content: 'maybe' }).catch((error: unknown) => error)
    await eventually(() => stage.peer.calls.length === 5)
    stage.peer.behave = () => 'answer'
    stage.peer.cut()
    expect(await join).toMatchObject({ code: 'unknown_outcome' })
    expect(await bare).toMatchObject({ code: 'unknown_outcome' })
    expect((await read).id).toBe(stage.hall.id)
    expect(await send).toMatchObject({ dup: true, message: { content: 'once' } })
    expect(stage.hall.messages.map(({ content }) => content)).toEqual(['once', 'maybe'])
  })

  test('that never left waits for the connection in its order, at most so many at once', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.behave = () => 'silent'
    const rooms = Array.from({ length: 100 }, () => client.call('rooms.join', { room: stage.hall.id }).catch((error: unknown) => error))
    await eventually(() => stage.peer.calls.length === 1 + 64)
    stage.peer.behave = () => 'answer'
    stage.peer.cut()
    const outcomes = await Promise.all(rooms)
    const doubtful = outcomes.filter((outcome) => outcome instanceof ChatError && outcome.code === 'unknown_outcome')
    expect(doubtful.length).toBe(64)
    expect(outcomes.slice(0, 64)).toEqual(doubtful)
  })

  test('keeps its place among others when they are asked again', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.behave = () => 'silent'
    const texts = Array.from({ length: 90 }, (_, index) => `m${index}`)
    const sends = texts.map((content) => client.call('messages.send', { room: stage.hall.id, content, cid: `cid-${content}` }))
    await eventually(() => stage.peer.calls.length === 1 + 64)
    stage.hall.messages.splice(0)
    stage.hall.cids.clear()
    stage.peer.behave = () => 'answer'
    stage.peer.cut()
    await Promise.all(sends)
    expect(stage.hall.messages.map(({ content }) => content)).toEqual(texts)
  })

  test('says what it knows when there will be no next connection', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.behave = () => 'silent'
    const read = client.call('rooms.get', { room: stage.hall.id }).catch((error: unknown) => error)
    const send = client.call('messages.send', { room: stage.hall.id, content: 'x', cid: 'c-1' }).catch((error: unknown) => error)
    await eventually(() => stage.peer.calls.length === 3)
    stage.peer.close(4403)
    expect(await read).toBeInstanceOf(ConnectionError)
    expect(await send).toMatchObject({ code: 'unknown_outcome' })
  })

  test('over HTTP without an answer is in doubt if it writes, and only unreachable if it reads', async () => {
    await using stage = scene()
    const client = stage.client()
    await client.login('alice', 'alice-password')
    stage.peer.behave = () => 'cut'
    expect(await client.call('rooms.list', {}).catch((error: unknown) => error)).toBeInstanceOf(ConnectionError)
    const write = await client.call('rooms.join', { room: stage.hall.id }).catch((error: unknown) => error)
    expect(write).toMatchObject({ code: 'unknown_outcome' })
  })

  test('is not waited for longer than told', async () => {
    await using stage = scene()
    const client = stage.client({
      timeout_ms: 40,
      platform: {
        fetch: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
      },
    })
    expect(client.login('alice', 'alice-password')).rejects.toMatchObject({ code: 'unknown_outcome' })
  })

  test('of one person is not made again as another, who signed in before its refusal came', async () => {
    await using stage = scene()
    const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const client = stage.client({
      platform: {
        fetch: async (url, request) => {
          if (url.endsWith('/messages')) {
            asked.resolve()
            await held.promise
          }
          return await platformDefaults.fetch(url, request)
        },
      },
    })
    await client.login('alice', 'alice-password')
    stage.peer.accounts.revokeAll()
    const sent = client.call('messages.send', { room: stage.hall.id, content: 'mine' }).catch((error: unknown) => error)
    await asked.promise
    await client.login('bob', 'bob-password')
    held.resolve()
    expect(await sent).toMatchObject({ code: 'unauthenticated' })
    expect(stage.hall.messages).toEqual([])
  })
})
