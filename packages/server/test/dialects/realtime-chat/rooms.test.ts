import { afterAll, beforeAll, expect, test } from 'bun:test'
import { openWorld, type World } from '../../harness/world.ts'
import { type Member, older, type Older, type Room } from './people.ts'

let world: World
let people: Older
let ann: Member
let bob: Member
beforeAll(async () => {
  world = await openWorld()
  people = older(world.server.url)
  ann = await people.person('ann')
  bob = await people.person('bob')
  await people.room(ann, { room_name: 'secret', is_private: true })
})
afterAll(() => world[Symbol.asyncDispose]())

test('forms and multipart do as well as JSON, whatever the query and the origin', async () => {
  const form = new FormData()
  form.append('room_name', 'unused')
  form.append('room_name', 'of the last of two')
  form.append('is_private', 'true')
  const headers = { origin: 'https://elsewhere.example' }
  const made = await people.ask('POST', '/chat/rooms/create/?trace=1&trace=2', { form, headers, as: ann })
  expect([made.status, made.json]).toMatchObject([201, { room_name: 'of the last of two', is_private: true, description: null }])
  expect(made.headers.get('access-control-allow-origin')).toBe('https://elsewhere.example')
})

test('a private room is listed to its members, and to nobody else', async () => {
  const names = async (as?: Member) =>
    ((await people.ask('GET', '/chat/rooms/', as === undefined ? {} : { as })).json as Room[]).map(({ room_name }) => room_name)
  const { room } = await world.rest.call('rooms.create', { kind: 'public', name: 'for users' }, { token: ann.access })
  expect(room.policy.listed).toBe('users')
  expect(await names()).not.toContain('secret')
  expect(await names()).not.toContain('for users')
  expect(await names(bob)).not.toContain('secret')
  const mine = await names(ann)
  expect(mine).toContain('secret')
  expect(mine).toContain('for users')
  expect(mine).toEqual(mine.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))))
})

test('a member is added and removed by the creator, and reads the room in between', async () => {
  const [maker, guest] = [await people.person('maker'), await people.person('guest')]
  const room = await people.room(maker, { room_name: 'club', is_private: true })
  const path = `/chat/rooms/${room.room_id}/`
  const added = await people.ask('POST', `${path}members/add/`, { as: maker, json: { user_id: guest.id } })
  expect([added.status, added.json]).toEqual([200, room])
  expect((await people.ask('GET', path, { as: guest })).json).toEqual(room)
  const theirs = await people.ask('POST', `${path}members/add/`, { as: guest, json: { user_id: 1 } })
  expect([theirs.status, theirs.json]).toEqual([403, { detail: 'You do not have permission to add members to this room.' }])
  const out = await people.ask('DELETE', `${path}members/remove/${maker.id}/`, { as: guest })
  expect([out.status, out.json]).toEqual([403, { detail: 'You do not have permission to remove members from this room.' }])
  const removed = await people.ask('DELETE', `${path}members/remove/${guest.id}/`, { as: maker })
  expect([removed.status, removed.json]).toEqual([200, room])
  expect((await people.ask('GET', path, { as: guest })).status).toBe(404)
})

test('a member who is not the creator removes nobody, themselves included', async () => {
  const [maker, guest] = [await people.person('maker2'), await people.person('guest2')]
  const { room_id } = await people.room(maker, { room_name: 'kept', is_private: true })
  const path = `/chat/rooms/${room_id}/`
  await people.ask('POST', `${path}members/add/`, { as: maker, json: { user_id: guest.id } })
  const out = await people.ask('DELETE', `${path}members/remove/${guest.id}/`, { as: guest })
  expect([out.status, out.json]).toEqual([403, { detail: 'You do not have permission to remove members from this room.' }])
  expect((await people.ask('GET', path, { as: guest })).status).toBe(200)
})

test('a change of nothing, or of what cannot be changed here, leaves the room as it is', async () => {
  const room = await people.room(ann, { room_name: 'still', description: 'as it was' })
  const path = `/chat/rooms/${room.room_id}/`
  for (const json of [{}, { is_private: true }, { is_private: 'maybe', message_count: 7 }]) {
    const { status, json: answer } = await people.ask('PATCH', path, { as: ann, json })
    expect([status, answer]).toEqual([200, room])
  }
  const put = await people.ask('PUT', path, { as: ann, json: { room_name: 'still', is_private: null } })
  expect([put.status, put.json]).toEqual([200, room])
})

test('whether a new room is private is true, false or left out, and a room is an object', async () => {
  const create = (json: unknown) => people.ask('POST', '/chat/rooms/create/', { as: ann, json })
  const unsaid = await create({ room_name: 'unsaid', is_private: null })
  expect([unsaid.status, unsaid.json]).toEqual([400, { is_private: ['This field may not be null.'] }])
  const both = await create({ is_private: 'null' })
  const faults = { room_name: ['This field is required.'], is_private: ['Must be a valid boolean.'] }
  expect([both.status, both.json]).toEqual([400, faults])
  const list = await create(['x'])
  expect([list.status, list.json]).toEqual([400, { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }])
})

test('who may not change a room hears that, whatever is wrong with the change', async () => {
  const { room_id } = await people.room(ann, { room_name: 'hers' })
  const dm = (await people.ask('GET', `/chat/dm/${ann.id}`, { as: bob })).json as Room
  for (const room of [room_id, dm.room_id]) {
    for (const request of [
      { json: {} },
      { json: { room_name: '' } },
      { json: [] },
      { body: '{', headers: { 'content-type': 'application/json' } },
    ]) {
      for (const method of ['PUT', 'PATCH']) {
        const answer = await people.ask(method, `/chat/rooms/${room}/`, { ...request, as: bob })
        expect([answer.status, answer.json]).toEqual([403, { detail: 'You do not have permission to perform this action.' }])
      }
    }
  }
})

test('a group with nothing but a title is shown, and entered, under its title and number', async () => {
  const token = ann.access
  const { room } = await world.rest.call('rooms.create', { kind: 'group', title: 'Tea & cake' }, { token })
  const listed = (await people.ask('GET', '/chat/rooms/', { token })).json as Room[]
  const found = listed.find(({ room_id }) => room_id === room.id)
  expect(found?.room_name).toMatch(/^Tea_cake_\d+$/)
  await using socket = await people.api.open(`/ws/chat/${found?.room_name}/?token=${token}`)
  expect(await socket.take(1)).toEqual([{ type: 'room_users_list', users: [{ id: String(ann.id), username: 'ann' }] }])
})
