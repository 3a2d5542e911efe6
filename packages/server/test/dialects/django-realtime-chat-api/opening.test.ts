import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually } from '../../harness/eventually.ts'
import { backends } from '../../harness/server.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { before, type Member, messages, older, type Older } from './people.ts'

// The more a read takes, the longer the time between a handshake and the seat: the slower engine is the one that shows what gets lost there.
for (const { name, env } of await backends()) {
  describe(`while a socket opens (${name})`, () => {
    let world: World
    let people: Older
    let ann: Member
    let bob: Member
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      people = older(world)
      ann = await people.person('ann')
      bob = await people.person('bob')
    })
    afterAll(() => world[Symbol.asyncDispose]())

    test('its own frames are kept, and answered in their order', async () => {
      for (let round = 0; round < 5; round++) {
        const texts = Array.from({ length: 30 }, (_, i) => `${round}.${i}`)
        await using socket = await people.open(ann, `hasty${round}`)
        for (const message of texts) socket.send({ message })
        expect(messages(await socket.take(30))).toEqual(texts)
        expect(messages(await people.history(bob, `hasty${round}`))).toEqual(texts)
      }
    })

    test('nothing that others write is missed or told twice', async () => {
      await using writer = await people.open(ann, 'busy')
      for (let round = 0; round < 10; round++) {
        const told = writer.frames.length
        const opening = people.open(bob, 'busy')
        for (let i = 0; i < 20; i++) writer.send({ message: `${round}.${i}` })
        await using socket = await opening
        await before(writer, `end ${round}`)
        await eventually(() => messages(socket.frames).includes(`end ${round}`))
        const heard = messages(socket.frames)
        const written = messages(writer.frames.slice(told))
        expect(written).toHaveLength(21)
        // From wherever the handshake was, to the end, without a hole.
        expect(heard).toEqual(written.slice(21 - heard.length))
      }
    })

    test('whatever is sent once it is open arrives', async () => {
      await using writer = await people.open(ann, 'prompt')
      for (let round = 0; round < 20; round++) {
        await using socket = await people.open(bob, 'prompt')
        const texts = [1, 2, 3].map((i) => `${round}.${i}`)
        for (const message of texts) writer.send({ message })
        expect(messages(await socket.take(3))).toEqual(texts)
      }
    })
  })
}
