import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { backends } from '../../harness/server.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { before, type Frame, type Member, older, type Older, say } from './people.ts'

const said = (who: Member, to: Member, message: string) => ({ type: 'message', message, sender: who.id, receiver: to.id })
let names = 0
const fresh = (stem: string): string => `${stem}_${(names += 1)}`

for (const { name: engine, env } of await backends()) {
  describe(`on ${engine}`, () => {
    let world: World
    let people: Older
    let ann: Member
    let bob: Member
    let eve: Member
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      people = older(world.server.url)
      ;[ann, bob, eve] = [await people.person('ann'), await people.person('bob'), await people.person('eve')]
    })
    afterAll(async () => {
      const errors = world.server.lines.filter((line) => line.includes('"level":"error"'))
      await world[Symbol.asyncDispose]()
      expect(errors).toEqual([])
    })

    describe('a socket listens as the person of its first good frame', () => {
      test('and a frame with the token of somebody else acts as that person and changes nothing of it', async () => {
        await using socket = await people.listen(ann, 'borrowed')
        await using listening = await people.listen(bob, 'borrowed')
        await socket.take(1)
        socket.send({ token: eve.access, type: 'typing' })
        const typing = [{ type: 'typing', sender: eve.id }]
        expect([await socket.take(1), await listening.take(1)]).toEqual([typing, typing])
        // Said by eve to bob: between those two, so that the socket, which is ann's, does not hear it.
        say(socket, eve, { to: bob, text: 'not for ann' })
        expect(await listening.take(1)).toEqual([said(eve, bob, 'not for ann')])
        expect(await before(socket, ann)).toEqual([])
      })

      test('in the room that the channel names to that person, while others act where it names none to them', async () => {
        const name = fresh('private')
        await people.makeRoom(ann, name, [bob])
        await using inside = await people.listen(ann, name)
        await using outside = await people.listen(eve, name)
        inside.send({ token: eve.access, type: 'join' })
        expect(await outside.take(1)).toEqual([{ type: 'join', username: eve.username }])
        expect(await before(inside, ann)).toEqual([])
      })

      test('and lives as long as the latest login of theirs', async () => {
        const dan = await people.person('dan')
        const again = await people.login('dan')
        await using socket = await people.listen(dan, 'renewed')
        socket.send({ token: again.access, type: 'typing' })
        await socket.take(1)
        await world.rest.call('accounts.logout', {}, { token: dan.access })
        expect(await before(socket, { ...dan, ...again })).toEqual([])
        await world.rest.call('accounts.logout', {}, { token: again.access })
        expect((await socket.closed).code).toBe(4401)
      })
    })

    describe('a bare channel', () => {
      test('is kept apart from the room of the same name, which nobody outside learns of', async () => {
        const name = fresh('secret')
        const room = await people.makeRoom(ann, name, [bob])
        await using member = await people.listen(ann, name)
        await using outsider = await people.listen(eve, name)
        member.send({ token: ann.access, type: 'typing' })
        await member.take(1)
        say(member, ann, { to: bob, text: 'inside' })
        expect(await member.take(1)).toEqual([said(ann, bob, 'inside')])
        say(outsider, eve, { to: ann, text: 'from outside' })
        expect(await outsider.upto((frame) => (frame as Frame).message === 'from outside')).toEqual([])
        expect(await before(member, ann)).toEqual([])
        expect((await people.messages(bob, room.id)).map(({ content }) => content)).toEqual(['inside', 'marker'])
      })

      test('becomes the room for those who are made members of it, and nothing is missed', async () => {
        const name = fresh('later')
        await using one = await people.listen(ann, name)
        await using other = await people.listen(bob, name)
        await one.take(1)
        const room = await people.makeRoom(ann, name, [bob])
        await world.rest.call('messages.send', { room: `name:${name}`, content: 'from elsewhere' }, { token: ann.access })
        const told = [said(ann, bob, 'from elsewhere')]
        expect([await one.take(1), await other.take(1)]).toEqual([told, told])
        say(other, bob, { to: ann, text: 'answer' })
        expect(await one.take(1)).toEqual([said(bob, ann, 'answer')])
        expect((await people.messages(bob, room.id)).map(({ content }) => content)).toEqual(['from elsewhere', 'answer'])
      })

      test('becomes the public room that another API makes of its name, for everybody in it, from the first message on', async () => {
        const name = fresh('plaza')
        await using silent = await people.listen(ann, name)
        await using speaking = await people.listen(bob, name)
        await silent.take(1)
        const kim = await world.person('kim')
        const maker = await people.api.open(`/django-realtime-chat-api/ws/chat/${name}/?token=${kim.token}`)
        maker.send({ message: 'first' })
        const first = { type: 'message', message: 'first', sender: expect.any(Number), receiver: null }
        expect([await silent.take(1), await speaking.take(1)]).toEqual([[first], [first]])
        say(speaking, bob, { to: ann, text: 'second' })
        const second = [said(bob, ann, 'second')]
        expect([await silent.take(1), await speaking.take(1)]).toEqual([second, second])
        expect((await maker.take(2)).map((frame) => (frame as Frame).message)).toEqual(['first', 'second'])
        await maker[Symbol.asyncDispose]()
        await using outsider = await people.listen(eve, fresh('plaza'))
        await world.rest.call('rooms.create', { kind: 'group', name: `plaza_${names}_private` }, kim)
        expect(await before(outsider, eve)).toEqual([])
      })

      test('becomes the room that is renamed so', async () => {
        const [old, name] = [fresh('old'), fresh('new')]
        await people.makeRoom(ann, old, [bob])
        await using socket = await people.listen(bob, name)
        await world.rest.call('rooms.update', { room: `name:${old}`, name }, { token: ann.access })
        await before(socket, bob)
        await world.rest.call('messages.send', { room: `name:${name}`, content: 'renamed' }, { token: ann.access })
        expect(await socket.take(1)).toEqual([said(ann, bob, 'renamed')])
      })

      test('becomes the one-to-one room that has its name, with the message that makes it', async () => {
        const [lea, max] = [await people.person('lea'), await people.person('max')]
        await using one = await people.listen(lea, 'lea_max')
        await using other = await people.listen(max, 'lea_max')
        await one.take(1)
        const texts = Array.from({ length: 20 }, (_, i) => `lea ${i}`)
        for (const text of texts) say(one, lea, { to: max, text })
        const heard = async (socket: typeof one) => ((await socket.take(20)) as Frame[]).map(({ message }) => message)
        expect([await heard(one), await heard(other)]).toEqual([texts, texts])
        say(other, max, { to: lea, text: 'the end' })
        const end = [said(max, lea, 'the end')]
        expect([await one.take(1), await other.take(1)]).toEqual([end, end])
      })

      test('lets somebody in who is added to the room, without its history', async () => {
        const name = fresh('added')
        await people.makeRoom(ann, name, [bob])
        await using inside = await people.listen(ann, name)
        await using outside = await people.listen(eve, name)
        say(inside, ann, { to: bob, text: 'before' })
        await inside.take(1)
        await world.rest.call('members.add', { room: `name:${name}`, user: 'name:eve' }, { token: ann.access })
        say(inside, ann, { to: bob, text: 'after' })
        expect(await outside.take(1)).toEqual([said(ann, bob, 'after')])
      })

      test('is where everybody goes on whose room is deleted', async () => {
        const name = fresh('gone')
        await people.makeRoom(ann, name, [bob])
        await using one = await people.listen(ann, name)
        await using other = await people.listen(bob, name)
        await one.take(1)
        await world.rest.call('rooms.delete', { room: `name:${name}` }, { token: ann.access })
        one.send({ token: ann.access, type: 'typing' })
        const typing = [{ type: 'typing', sender: ann.id }]
        expect([await one.take(1), await other.take(1)]).toEqual([typing, typing])
        expect([one.ended, other.ended]).toEqual([null, null])
      })

      test('is where a removed member goes on, at once', async () => {
        const name = fresh('left')
        const room = await people.makeRoom(ann, name, [bob])
        await using member = await people.listen(ann, name)
        await using removed = await people.listen(bob, name)
        await member.take(1)
        await world.rest.call('members.remove', { room: `name:${name}`, user: `name:bob` }, { token: ann.access })
        for (const type of ['typing', 'join', 'exit']) member.send({ token: ann.access, type })
        say(member, ann, { to: eve, text: 'without bob' })
        await member.upto((frame) => (frame as Frame).message === 'without bob')
        say(removed, bob, { to: ann, text: 'from outside' })
        expect(await removed.upto((frame) => (frame as Frame).message === 'from outside')).toEqual([])
        expect(await before(member, ann)).toEqual([])
        expect((await people.messages(ann, room.id)).map(({ content }) => content)).toEqual(['without bob', 'marker'])
      })
    })

    describe('a message', () => {
      test('belongs to the room that the channel names, and its receiver is kept', async () => {
        const name = fresh('team')
        const room = await people.makeRoom(ann, name, [bob, eve])
        await using one = await people.listen(ann, name)
        await using other = await people.listen(eve, name)
        say(one, ann, { to: bob, text: 'for bob', receiver: String(bob.id) })
        expect(await other.take(1)).toEqual([{ ...said(ann, bob, 'for bob'), receiver: String(bob.id) }])
        const [entry] = await people.messages(eve, room.id)
        expect(entry).toMatchObject({ content: 'for bob', receiver: bob.id, receiver_username: 'bob', sender_username: 'ann' })
      })

      test('else to the oldest room of the two, and is told to their sockets in the channel alone', async () => {
        const [fay, gus] = [await people.person('fay'), await people.person('gus')]
        const oldest = await people.makeRoom(fay, fresh('pair'), [gus])
        await people.makeRoom(fay, fresh('pair'), [gus])
        const channel = fresh('bare')
        await using one = await people.listen(fay, channel)
        await using two = await people.listen(gus, channel)
        await using third = await people.listen(ann, channel)
        await using elsewhere = await people.listen(gus, fresh('other'))
        await using inRoom = await people.listen(gus, oldest.name)
        await Promise.all([one.take(2), two.take(1)])
        say(one, fay, { to: gus, text: 'psst' })
        const told = [said(fay, gus, 'psst')]
        expect([await one.take(1), await two.take(1), await inRoom.take(1)]).toEqual([told, told, told])
        expect(await before(third, ann)).toEqual([])
        expect(await before(elsewhere, gus)).toEqual([])
        expect((await people.messages(gus, oldest.id)).map(({ content }) => content)).toEqual(['psst'])
      })

      test('else to a room made for the two, which has its name and is found by it', async () => {
        const [hal, ivy] = [await people.person('hal'), await people.person('ivy')]
        await using one = await people.listen(hal, fresh('bare'))
        say(one, hal, { to: ivy, text: 'first' })
        await one.take(1)
        const [made] = await people.rooms(ivy, '/my-rooms/')
        expect(made).toEqual({ id: expect.any(Number), name: 'hal_ivy', members: [hal.id, ivy.id] })
        await using inRoom = await people.listen(ivy, 'hal_ivy')
        say(one, hal, { to: ivy, text: 'second' })
        expect(await inRoom.take(1)).toEqual([said(hal, ivy, 'second')])
        const { room } = await world.rest.call('rooms.direct', { user: 'name:hal' }, { token: ivy.access })
        await world.rest.call('messages.send', { room: room.id, content: 'from elsewhere' }, { token: hal.access })
        expect(await inRoom.take(1)).toEqual([said(hal, ivy, 'from elsewhere')])
      })

      test('reaches the room of a title by the name that lists show', async () => {
        const kim = await world.person('kim')
        const { room } = await world.rest.call('rooms.create', { kind: 'group', title: 'Tea time', members: ['name:eve'] }, kim)
        const listed = (await people.rooms(eve, '/my-rooms/')).find(({ name }) => name.startsWith('Tea_time_'))
        await using inside = await people.listen(eve, listed?.name ?? '')
        await using outside = await people.listen(bob, listed?.name ?? '')
        await world.send(kim, room.id, 'tea is ready')
        expect(await inside.take(1)).toMatchObject([{ message: 'tea is ready', receiver: eve.id }])
        expect(await before(outside, bob)).toEqual([])
      })

      test('to oneself is kept in the room with oneself', async () => {
        const joe = await people.person('joe')
        await using socket = await people.listen(joe, fresh('bare'))
        say(socket, joe, { to: joe, text: 'note' })
        expect(await socket.take(1)).toEqual([said(joe, joe, 'note')])
        const [own] = await people.rooms(joe, '/my-rooms/')
        expect(own).toEqual({ id: expect.any(Number), name: 'joe_joe', members: [joe.id] })
        expect(await people.messages(joe, own?.id ?? 0)).toHaveLength(1)
      })

      test('into a public room joins', async () => {
        const name = fresh('plaza')
        await world.rest.call('rooms.create', { kind: 'public', name }, { token: ann.access })
        await using socket = await people.listen(eve, name)
        say(socket, eve, { to: ann, text: 'hello' })
        expect(await socket.take(1)).toEqual([said(eve, ann, 'hello')])
        const [shown] = (await people.rooms(bob)).filter((room) => room.name === name)
        expect(shown?.members).toEqual([ann.id, eve.id])
      })

      test('where the sender may not post goes to the two of them', async () => {
        const name = fresh('news')
        await world.rest.call('rooms.create', { kind: 'public', name, policy: { post: 'owner' } }, { token: ann.access })
        await using reader = await people.listen(eve, name)
        await using owner = await people.listen(ann, name)
        await reader.take(1)
        say(reader, eve, { to: ann, text: 'a question' })
        const told = [said(eve, ann, 'a question')]
        expect([await reader.take(1), await owner.take(1)]).toEqual([told, told])
        say(owner, ann, { to: eve, text: 'for all' })
        expect(await reader.take(1)).toEqual([said(ann, eve, 'for all')])
        const { items } = await world.rest.call('messages.list', { room: `name:${name}` }, { token: bob.access })
        expect(items.map(({ content }) => content)).toEqual(['for all'])
      })

      test('of a burst comes in order, whole and once', async () => {
        await using socket = await people.listen(ann, fresh('bare'))
        const texts = Array.from({ length: 300 }, (_, i) => `burst ${i}`)
        for (const text of texts) say(socket, ann, { to: bob, text: text })
        expect(((await socket.take(300)) as Frame[]).map(({ message }) => message)).toEqual(texts)
      })
    })
  })
}
