import { describe, expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { backends } from '../harness/server.ts'
import { openStream } from '../harness/stream.ts'
import { connect, type TestSocket } from '../harness/socket.ts'
import { openWorld } from '../harness/world.ts'

/** What a socket applied of one room, in order: live events and replayed ones. */
const seqs = (socket: TestSocket, room: string): number[] =>
  socket.frames.flatMap((seen) =>
    seen.kind === 'ev' && seen.frame.room === room
      ? [seen.frame.seq]
      : seen.kind === 'log' && seen.frame.log.room === room
        ? seen.frame.log.events.map(({ seq }) => seq)
        : [],
  )

const upTo = (n: number, from = 1) => Array.from({ length: n - from + 1 }, (_, i) => from + i)

for (const { name, env } of await backends()) {
  describe(`parlance.v1 on ${name}`, () => {
    test('members receive every message of their rooms, in order, the sender included', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      const [one, two] = [await world.socket(ada), await world.socket(bob)]
      for (let i = 0; i < 20; i++) await (i % 2 === 0 ? one : two).op('messages.send', { room, content: `line ${i}`, cid: `c${i}` })
      for (const socket of [one, two]) {
        await socket.next('ev', (frame) => frame.ev === 'message.created' && frame.n === 20)
        const texts = socket.frames.flatMap((seen) =>
          seen.kind === 'ev' && seen.frame.ev === 'message.created' ? [seen.frame.data.content] : [],
        )
        expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i}`))
      }
    })

    test('a returning client gets exactly what it missed', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const room = await world.publicRoom(ada)
      const first = await connect(world.server.url)
      const { ready } = await first.hello(ada.token)
      const { seq } = await world.send(ada, room, 'seen')
      await first.next('ev', (frame) => frame.seq === seq)
      await first[Symbol.asyncDispose]()
      for (let i = 0; i < 30; i++) await world.send(ada, room, `missed ${i}`)
      await using again = await connect(world.server.url)
      const back = await again.hello(ada.token, { epoch: ready.epoch, useq: ready.useq, rooms: { [room]: seq } })
      expect(back.ready.mode).toBe('resumed')
      expect(seqs(again, room)).toEqual(upTo(seq + 30, seq + 1))
      const after = await world.send(ada, room, 'live again')
      await again.next('ev', (frame) => frame.seq === after.seq)
      expect(seqs(again, room)).toEqual(upTo(after.seq, seq + 1))
    })

    test('a gap beyond what a resume replays is told by the head alone and filled by rooms.events', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const room = await world.publicRoom(ada)
      const socket = await world.socket(ada)
      await Promise.all(Array.from({ length: 300 }, (_, i) => world.send(ada, room, `m${i}`)))
      await using again = await connect(world.server.url)
      const { heads, ready } = await again.hello(ada.token, {
        epoch: (await socket.next('ready')).ready.epoch,
        useq: 0,
        rooms: { [room]: 2 },
      })
      expect(ready.mode).toBe('resumed')
      expect(seqs(again, room)).toEqual([])
      const head = heads.find((entry) => entry.room === room)
      let local = 2
      while (local < (head?.seq ?? 0)) {
        const page = await again.op('rooms.events', { room, after: local })
        expect(page.after).toBe(local)
        expect(page.events.map(({ seq }) => seq)).toEqual(upTo(page.upto, local + 1))
        local = page.upto
      }
      expect(local).toBe(302)
    })

    test('another epoch means reset', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const room = await world.publicRoom(ada)
      await using socket = await connect(world.server.url)
      const { ready, heads } = await socket.hello(ada.token, { epoch: 'another', useq: 9, rooms: { [room]: 1 } })
      expect([ready.mode, heads.map((head) => head.room)]).toEqual(['reset', [room]])
    })

    test('a cursor ahead of the head resets that room', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const room = await world.publicRoom(ada)
      await using probe = await connect(world.server.url)
      const { ready } = await probe.hello(ada.token)
      await using socket = await connect(world.server.url)
      await socket.hello(ada.token, { epoch: ready.epoch, useq: 0, rooms: { [room]: 999 } })
      expect(socket.frames.find((seen) => seen.kind === 'reset')?.frame).toEqual({ reset: [room] })
    })

    test('whoever believes to know more of their own log than there is starts anew, on the socket and on a stream', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const room = await world.publicRoom(ada)
      await using probe = await connect(world.server.url)
      const { ready } = await probe.hello(ada.token)
      for (const beyond of [1, 1000]) {
        await using socket = await connect(world.server.url)
        const again = await socket.hello(ada.token, { epoch: ready.epoch, useq: ready.useq + beyond, rooms: { [room]: 1 } })
        expect([again.ready, seqs(socket, room)]).toEqual([{ ...ready, mode: 'reset' }, []])
        expect(again.heads.map((head) => head.room)).toEqual([room])
        const lastEventId = `${ready.epoch}.${ready.useq + beyond}`
        await using stream = await openStream(world.server.url, '/me/stream', { token: ada.token, lastEventId })
        expect(await stream.next('ready')).toEqual({ ready: { ...ready, mode: 'reset' } })
      }
    })

    test('open with a position ahead of the room resets it', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const room = await world.publicRoom(ada)
      const socket = await world.socket(ada)
      socket.sendRaw(JSON.stringify({ open: room, after: 3 }))
      const { seq } = await socket.next('opened')
      expect([seq, socket.frames.find(({ kind }) => kind === 'reset')?.frame]).toEqual([2, { reset: [room] }])
    })

    test('a room joined while connected begins with its log from the join', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada])
      await world.send(ada, room, 'before')
      const socket = await world.socket(bob)
      await world.rest.call('members.add', { room, user: bob.id }, ada)
      const joined = await socket.next('uev', (frame) => frame.uev === 'room.joined')
      const sent = await world.send(ada, room, 'after')
      const { log } = await socket.next('log', (frame) => frame.log.room === room)
      expect(log.after).toBe((joined.data as { seq: number }).seq - 1)
      // What was sent meanwhile comes in the log or live; either way once, and behind the join.
      await eventually(() => expect(seqs(socket, room)).toEqual(upTo(sent.seq, log.after + 1)))
    })

    test('a removed member receives the removal and nothing after it', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      const socket = await world.socket(bob)
      await world.rest.call('members.remove', { room, user: bob.id }, ada)
      for (let i = 0; i < 5; i++) await world.send(ada, room, 'secret')
      await socket.next('ev', (frame) => frame.ev === 'member.left')
      await socket.next('uev', (frame) => frame.uev === 'room.left')
      // An answer that came after the sends proves that nothing of them is still on its way.
      await socket.op('accounts.me', {})
      expect(socket.frames.filter((seen) => seen.kind === 'ev' && seen.frame.ev === 'message.created')).toEqual([])
      expect(await socket.op('rooms.events', { room, after: 0 }).catch((error: Error) => error.message)).toContain('not_found')
    })

    test('whoever opens a public room hears it, typing and receipts included, and stops with close', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, guest] = [await world.person('ada'), await world.person('guest')]
      const room = await world.publicRoom(ada)
      const socket = await world.socket(guest)
      socket.send({ open: room })
      const { seq } = await socket.next('opened', (frame) => frame.opened === room)
      const { seq: next } = await world.send(ada, room, 'hello')
      expect(next).toBe(seq + 1)
      await socket.next('ev', (frame) => frame.seq === next)
      await world.rest.call('rooms.typing', { room }, ada)
      expect((await socket.next('typing')).user.username).toBe(ada.username)
      socket.send({ close: room })
      await socket.op('accounts.me', {})
      await world.send(ada, room, 'unheard')
      await socket.op('accounts.me', {})
      expect(seqs(socket, room)).toEqual([next])
    })

    test('who has a room open is here, at any socket of theirs, until the last is closed or they may not read it', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob, stranger] = [await world.person('ada'), await world.person('bob'), await world.person('stranger')]
      const room = await world.group([ada, bob])
      const here = async () => (await world.rest.call('presence.here', { room }, ada)).items.map(({ username }) => username)
      const [first, second] = [await world.socket(bob), await world.socket(bob)]
      expect(await here()).toEqual([])
      for (const socket of [first, second]) {
        socket.send({ open: room })
        await socket.next('opened')
      }
      expect(await here()).toEqual([bob.username])
      first.send({ close: room })
      await first.op('accounts.me', {})
      expect(await here()).toEqual([bob.username])
      expect((await world.rest.ask('presence.here', { room }, stranger)).status).toBe(404)
      await world.rest.call('members.remove', { room, user: bob.id }, ada)
      await second.next('ev', (frame) => frame.ev === 'member.left')
      expect(await here()).toEqual([])
    })

    test('open with a position replays what came since before anything live', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const room = await world.publicRoom(ada)
      for (let i = 0; i < 10; i++) await world.send(ada, room, `m${i}`)
      const socket = await world.socket(ada)
      socket.send({ open: room, after: 4 })
      const { seq } = await socket.next('opened')
      expect(seqs(socket, room)).toEqual(upTo(seq, 5))
    })

    test('a room that is not yours to read is refused like one that does not exist', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, eve] = [await world.person('ada'), await world.person('eve')]
      const room = await world.group([ada])
      const socket = await world.socket(eve)
      socket.send({ open: room })
      const foreign = await socket.next('refused')
      socket.send({ open: crypto.randomUUID() })
      const unknown = await socket.next('refused')
      expect(foreign.err).toEqual(unknown.err)
    })

    test('read markers raise receipts for others and a fact in the own log', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob] = [await world.person('ada'), await world.person('bob')]
      const room = await world.group([ada, bob])
      const { n } = await world.send(ada, room, 'read me')
      const [reader, other, sender] = [await world.socket(bob), await world.socket(bob), await world.socket(ada)]
      sender.send({ open: room })
      await sender.next('opened')
      expect(await reader.op('rooms.read', { room, n })).toEqual({ read: n, unread: 0 })
      expect(await sender.next('receipt')).toMatchObject({ room, read: n, user: { username: bob.username } })
      expect(await other.next('uev', (frame) => frame.uev === 'room.read')).toMatchObject({ data: { room, read: n } })
      expect(await reader.op('rooms.read', { room, n: n - 1 })).toEqual({ read: n, unread: 0 })
    })

    test('presence of people one shares a room with is told, of others it is not', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, bob, eve] = [await world.person('ada'), await world.person('bob'), await world.person('eve')]
      await world.group([ada, bob])
      const socket = await world.socket(ada)
      await world.socket(eve)
      socket.send({ watch: [bob.id, eve.id] })
      expect(await socket.next('presence')).toEqual({ eph: 'presence', user: bob.id, status: 'offline' })
      await world.socket(bob)
      expect(await socket.next('presence')).toEqual({ eph: 'presence', user: bob.id, status: 'online' })
      expect(socket.frames.some((seen) => seen.kind === 'presence' && seen.frame.user === eve.id)).toBe(false)
    })

    test('logging out closes the sockets of that session and no others', async () => {
      await using world = await openWorld({ env: await env() })
      const ada = await world.person('ada')
      const socket = await world.socket(ada)
      const second = await world.rest.call('accounts.login', { username: ada.username, password: 'correct horse battery' })
      const other = await world.socket({ ...ada, token: second.access_token })
      await world.rest.call('accounts.logout', {}, ada)
      expect((await socket.closed).code).toBe(4401)
      expect(await other.op('accounts.me', {})).toMatchObject({ username: ada.username })
    })

    test('a newer token of the same user keeps the socket; one of another user ends it', async () => {
      await using world = await openWorld({ env: await env() })
      const [ada, eve] = [await world.person('ada'), await world.person('eve')]
      const socket = await world.socket(ada)
      const { access_token } = await world.rest.call('accounts.refresh', { refresh_token: ada.refresh })
      socket.send({ auth: access_token })
      expect((await socket.next('auth')).auth.expires_in).toBeGreaterThan(800)
      socket.send({ auth: eve.token })
      expect((await socket.closed).code).toBe(4401)
    })

    test('a socket ends when its token does', async () => {
      await using world = await openWorld({ env: await env(), limits: { accessTokenSeconds: 3 } })
      const ada = await world.person('ada')
      const socket = await world.socket(ada)
      expect((await socket.closed).code).toBe(4401)
    })
  })
}
