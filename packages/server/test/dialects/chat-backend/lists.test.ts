import { expect, test } from 'bun:test'
import { backends } from '../../harness/server.ts'
import { openWorld } from '../../harness/world.ts'
import { backend, type Chat } from './people.ts'

for (const { name, env } of await backends()) {
  test(`more chats than a page come in one array, each with its members and its last message (${name})`, async () => {
    await using world = await openWorld({ env: await env() })
    const people = backend(world)
    const [ann, bob] = [await people.person('ann'), await people.person('bob')]
    const made: Chat[] = []
    for (let i = 0; i < 110; i++) made.push(await people.group(ann, `chat ${i}`, i % 2 === 0 ? [bob] : []))
    const last = made[7]?.id ?? ''
    const { id } = await world.send(ann, last, 'the last')
    const listed = await people.ask<Chat[]>(ann, 'GET', '/api/chats/')
    expect(listed.map(({ name: title }) => title)).toEqual(made.map(({ name: title }) => title))
    expect(listed.map(({ members }) => members.map((one) => one.id))).toEqual(
      made.map((_, i) => (i % 2 === 0 ? [ann.number, bob.number] : [ann.number])),
    )
    expect(listed.filter((chat) => chat.last_message !== null).map((chat) => [chat.id, chat.last_message?.id])).toEqual([[last, id]])
  }, 60_000)

  test(`more messages than a page come in one array, without the deleted ones, and the last that stands is the last (${name})`, async () => {
    await using world = await openWorld({ env: await env() })
    const people = backend(world)
    const ann = await people.person('ann')
    const { id: chat } = await people.group(ann, 'long')
    const sent: { id: string }[] = []
    for (let i = 0; i < 450; i++) sent.push(await world.send(ann, chat, `message ${i}`))
    for (const at of [3, 210, 448, 449]) await world.rest.call('messages.delete', { room: chat, message: sent[at]?.id ?? '' }, ann)
    await world.rest.call('messages.edit', { room: chat, message: sent[5]?.id ?? '', content: 'edited' }, ann)
    const messages = await people.messages(ann, chat)
    const standing = Array.from({ length: 448 }, (_, i) => (i === 5 ? 'edited' : `message ${i}`)).filter((_, i) => i !== 3 && i !== 210)
    expect(messages.map(({ content }) => content)).toEqual(standing)
    expect((await people.ask<Chat>(ann, 'GET', `/api/chats/${chat}/`)).last_message?.content).toBe('message 447')
    expect((await people.ask<Chat[]>(ann, 'GET', '/api/chats/'))[0]?.last_message?.content).toBe('message 447')
  }, 60_000)

  test(`a group of more people than are named at once has all of them (${name})`, async () => {
    await using world = await openWorld({ env: await env() })
    const people = backend(world)
    const ann = await people.person('ann')
    const { store, newId } = world.server.running.house
    const others = await Promise.all(
      Array.from({ length: 120 }, async (_, i) => {
        const [username, name_key] = [`extra${i}`, `extra${i}`]
        const plain = { username, name_key, email: '', owned_email: null, password: null, first_name: '', last_name: '', admin: false }
        const made = await store.queue.write('users.create', { user: { ...plain, id: newId(), created_at: Date.now() }, session: null })
        if (made.status !== 'created') throw new Error(made.status)
        return made.user.number
      }),
    )
    const chat = await people.ask<Chat>(ann, 'POST', '/api/chats/group/', { name: 'large', member_ids: others })
    expect(chat.members.map(({ id }) => id)).toEqual([ann.number, ...others].toSorted((a, b) => a - b))
  }, 60_000)
}
