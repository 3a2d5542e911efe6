import { expect, test } from 'bun:test'
import type { RoomEventFrame } from '@parlance/protocol'
import { eventually } from '../../harness/eventually.ts'
import { backends } from '../../harness/server.ts'
import { openWorld } from '../../harness/world.ts'
import { type Frame, messages, older } from './people.ts'

for (const { name, env } of await backends()) {
  test(`people of both APIs in one room see every message once, in one order, each in their own shape (${name})`, async () => {
    await using world = await openWorld({ env: await env() })
    const people = older(world)
    const ann = await people.person('ann')
    await using old = await people.open(ann, 'plaza')
    await using listening = await people.open(await people.person('bob'), 'plaza')
    const cid = await world.person('cid')
    const modern = await world.socket(cid)
    const { id: room } = await modern.op('rooms.get', { room: 'name:plaza' })
    modern.send({ open: room })
    await modern.next('opened')

    const texts = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? `old ${i}` : `new ${i}`))
    const sends = texts.flatMap((content, i) => {
      if (i % 2 === 0) old.send({ message: content })
      return i % 2 === 0 ? [] : [modern.op('messages.send', { room, content, cid: `c${i}` })]
    })
    await Promise.all(sends)

    const frames = (await old.take(40)) as Frame[]
    expect(await listening.take(40)).toEqual(frames)
    expect(messages(frames).toSorted()).toEqual(texts.toSorted())
    expect(messages(frames).filter((text) => text.startsWith('old'))).toEqual(texts.filter((text) => text.startsWith('old')))
    expect(messages(frames).filter((text) => text.startsWith('new'))).toEqual(texts.filter((text) => text.startsWith('new')))
    expect(Object.keys(frames[0] ?? {})).toEqual(['type', 'message', 'username', 'timestamp'])

    const events = (): RoomEventFrame[] =>
      modern.frames.flatMap((seen) => (seen.kind === 'ev' && seen.frame.room === room ? [seen.frame] : []))
    const created = () => events().flatMap((event) => (event.ev === 'message.created' ? [event.data] : []))
    await eventually(() => created().length === 40)
    const told = created().map(({ content, sender, created_at }) => [content, sender.username, Date.parse(created_at)])
    expect(told).toEqual(frames.map(({ message, username, timestamp }) => [message, username, Date.parse(timestamp)]))
    expect(events().map(({ seq }) => seq)).toEqual(Array.from(events(), (_, i) => (events()[0]?.seq ?? 0) + i))

    const history = await people.history(ann, 'plaza')
    expect(history).toEqual(frames.map(({ message, username, timestamp }) => ({ message, username, timestamp })))
    const { items } = await modern.op('messages.list', { room, limit: 200 })
    expect(items.map(({ content }) => content)).toEqual(messages(frames))
  })
}
