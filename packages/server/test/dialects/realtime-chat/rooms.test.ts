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

test('a group with nothing but a title is shown, and entered, under its title and number', async () => {
  const token = ann.access
  const { room } = await world.rest.call('rooms.create', { kind: 'group', title: 'Tea & cake' }, { token })
  const listed = (await people.ask('GET', '/chat/rooms/', { token })).json as Room[]
  const found = listed.find(({ room_id }) => room_id === room.id)
  expect(found?.room_name).toMatch(/^Tea_cake_\d+$/)
  await using socket = await people.api.open(`/ws/chat/${found?.room_name}/?token=${token}`)
  expect(await socket.take(1)).toEqual([{ type: 'room_users_list', users: [{ id: String(ann.id), username: 'ann' }] }])
})
