import { afterAll, beforeAll, expect, test } from 'bun:test'
import { openWorld, password, type World } from '../harness/world.ts'
import { backend, type Backend, type Chat, type Member } from './chat-backend/people.ts'

let world: World
let people: Backend
let ann: Member
let gone: Member
let chat: Chat
beforeAll(async () => {
  world = await openWorld()
  people = backend(world)
  ann = await people.person('ann')
  gone = await people.person('gone')
  chat = await people.group(ann, 'chat', [gone])
  await people.ask(gone, 'POST', `/api/chats/${chat.id}/messages/`, { content: 'before I go' })
  await world.rest.call('accounts.delete', { password, messages: 'keep' }, gone)
})
afterAll(() => world[Symbol.asyncDispose]())

test('a deleted account is nobody to be named by number, and who wrote what it wrote', async () => {
  const number = gone.number
  const unknown = `Invalid pk "${number}" - object does not exist.`
  const ask = async (path: string, json: object) => {
    const answer = await people.api.ask('POST', path, { token: ann.access, json })
    return [answer.status, answer.json]
  }
  expect(await ask('/api/chats/private/', { other_user_id: number })).toEqual([400, { other_user_id: [unknown] }])
  expect(await ask('/api/chats/group/', { name: 'x', member_ids: [number] })).toEqual([400, { member_ids: { 0: [unknown] } }])
  expect(await ask(`/api/chats/${chat.id}/add-member/`, { user_id: number })).toEqual([404, { detail: 'User not found.' }])
  expect(await ask('/rooms/', { name: 'x', members: [number] })).toEqual([400, { success: false, message: unknown }])
  expect((await people.api.ask('GET', `/chat/dm/${number}`, { token: ann.access })).status).toBe(404)
  await using socket = await people.api.open(
    `/realtime-chat/ws/chat/dm_${[ann.number, number].map(String).toSorted().join('_')}/?token=${ann.access}`,
  )
  expect((await socket.closed).code).toBe(4000)
  expect(await people.messages(ann, chat.id)).toMatchObject([
    { content: 'before I go', sender: { id: number, username: 'deleted user', email: '' } },
  ])
})
