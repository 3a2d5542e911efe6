import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { backends } from '../../harness/server.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { backend, type Backend, before, type Chat, type Member, texts } from './people.ts'

let world: World
let people: Backend
let ann: Member
let bob: Member
let chat: Chat

for (const { name: engine, env } of await backends()) {
  describe(`bad frames of chat-backend (${engine})`, () => {
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      people = backend(world)
      ann = await people.person('ann')
      bob = await people.person('bob')
      chat = await people.group(ann, 'chat', [bob])
    })
    afterAll(async () => {
      const errors = world.server.lines.filter((line) => line.includes('"error"'))
      await world[Symbol.asyncDispose]()
      expect(errors).toEqual([])
    })

    describe('a frame that cannot be used is ignored, and nobody is harmed', () => {
      const frames: [what: string, frame: string | Uint8Array<ArrayBuffer>][] = [
        ['text that is not JSON', 'not json'],
        ['an empty text', ''],
        ['an array', '[{"message":"x"}]'],
        ['a number', '5'],
        ['null', 'null'],
        ['no message', '{}'],
        ['a blank message', '{"message":" \\n "}'],
        ['null for a message', '{"message":null}'],
        ['a number for a message', '{"message":5}'],
        ['an object for a message', '{"message":{"message":"x"}}'],
        ['the field of the other way to send', '{"content":"x"}'],
        ['another type', '{"type":"typing"}'],
        ['a binary frame', new TextEncoder().encode('{"message":"binary"}')],
        ['deep nesting', `{"message":"x","a":${'['.repeat(1000)}${']'.repeat(1000)}}`],
        ['NUL', '{"message":"a\\u0000b"}'],
        ['half a surrogate pair', '{"message":"a\\ud800b"}'],
        ['more characters than a message may have', JSON.stringify({ message: 'x'.repeat(limits.content_chars + 1) })],
      ]
      test.each(frames)('%s', async (what, frame) => {
        await using one = await people.open(ann, chat.id)
        await using other = await people.open(bob, chat.id)
        one.send(frame)
        expect(await before(one, `after ${what}`)).toEqual([])
        expect(texts(await other.take(1))).toEqual([`after ${what}`])
        expect([one.ended, other.ended]).toEqual([null, null])
      })

      test('a frame above the bound of a frame ends its socket and no other', async () => {
        await using one = await people.open(ann, chat.id)
        await using other = await people.open(bob, chat.id)
        one.send({ message: 'x'.repeat(limits.frame_bytes) })
        await one.closed
        expect(await before(other, 'still here')).toEqual([])
      })
    })
  })
}
