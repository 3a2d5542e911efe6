import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { backends } from '../../harness/server.ts'
import { openWorld, type World } from '../../harness/world.ts'
import { before, type Member, older, type Older } from './people.ts'

let world: World
let people: Older
let ann: Member
let bob: Member

const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('join', 'typing', 'message', 'exit', 1, 2, '1', '2', 'x'.repeat(5000), '\0', '\ud800'),
)
const word = (name: string) => fc.option(value, { nil: undefined }).map((chosen) => [name, chosen] as const)
const object = (names: readonly string[]) => fc.tuple(...names.map(word)).map((entries) => Object.fromEntries(entries))
const broken = fc.oneof(
  fc.string(),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => new Uint8Array(bytes)),
)

for (const { name: engine, env } of await backends()) {
  describe(`any frame of django-chat-app (${engine})`, () => {
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      people = older(world.server.url)
      ;[ann, bob] = [await people.person('ann'), await people.person('bob')]
    })
    afterAll(() => world[Symbol.asyncDispose]())

    test('whatever a frame holds, it is answered or ends its socket by the book, and nobody else notices', async () => {
      await using bystander = await people.listen(bob, 'fuzz')
      const frame = fc.oneof(
        object(['token', 'type', 'receiver', 'message']),
        object(['type', 'receiver', 'message']).map((rest) => ({ ...rest, token: ann.access })),
        broken,
      )
      await fc.assert(
        fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 3 }), async (frames) => {
          await using socket = await people.open('elsewhere')
          for (const one of frames) if (socket.ended === null) socket.send(one)
          socket.send('the end')
          const { code } = await socket.closed
          expect([1000, 4001]).toContain(code)
          expect(['error', 'unauthorized']).toContain((socket.frames.at(-1) as { type: string }).type)
        }),
        { numRuns: 150 },
      )
      expect(await before(bystander, bob)).toEqual([])
      expect(world.server.lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
    }, 60_000)

    test('whatever a body holds, it is answered below 500', async () => {
      const room = await people.makeRoom(ann, 'fuzzed', [bob])
      const fields = ['username', 'email', 'password', 'refresh', 'name', 'members', 'receiver', 'content']
      const body = fc.oneof(object(fields), fc.jsonValue())
      const path = fc.constantFrom('/login/', '/logout/', '/rooms/', `/messages/${room.id}/`)
      await fc.assert(
        fc.asyncProperty(path, body, async (where, json) => {
          const { status } = await people.api.ask('POST', where, { token: ann.access, json: json ?? null })
          expect(status).toBeLessThan(500)
        }),
        { numRuns: 200 },
      )
      expect(world.server.lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
    }, 60_000)
  })
}
