import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { dialectNames } from '../../src/config.ts'
import { dialectsFor } from '../../src/dialects/index.ts'
import { createOlderClient, type OlderClient, type OlderRequest, type OlderSocket } from '../harness/older-client.ts'
import { backends } from '../harness/server.ts'
import { openWorld, type World } from '../harness/world.ts'
import { backend, before, type Chat, type Member } from './chat-backend/people.ts'

/** Requests and frames drawn by lot against every older API: whatever comes, no crash, and nobody else notices. */

const lifetimes = { access: 60, refresh: 60 }
const dialects = dialectsFor({ enabled: dialectNames, ownTokens: lifetimes, olderTokens: { 'realtime-chat': lifetimes } }).slice(1)
const routes = dialects.map(({ name, routes: all }) => [name, [...new Set(all.map(({ path }) => path))]] as const)

let world: World
let api: OlderClient
let ann: Member
let watched: Chat
let bystander: OlderSocket
/** What makes sense somewhere in a path or a field, and the tokens there are. */
let known: string[]
let tokens: string[]

const junk = [
  '',
  ' ',
  '0',
  '-1',
  '1.5',
  '1e9',
  '9'.repeat(40),
  'null',
  'true',
  '[]',
  'x'.repeat(300),
  '漢字',
  'a\u0000b',
  '../..',
  'name:own',
  '{"a":1}',
]
const words = ['username', 'email', 'password', 'refresh', 'identifier', 'name', 'members', 'member_ids', 'other_user_id', 'user_id']
words.push(
  'receiver',
  'content',
  'message',
  'token',
  'type',
  'room_name',
  'description',
  'is_private',
  'users',
  'room',
  'sender',
  '__proto__',
)
const types = ['message', 'typing', 'join', 'exit', 'chat_message', 'edit_message', 'delete_message']

const index = fc.nat(1000)
const scalar = fc.oneof(
  index.map((at) => () => known[at % known.length] ?? ''),
  index.map((at) => () => Number(known[at % known.length])),
  fc.constantFrom(...junk, ...types).map((text) => () => text),
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e300, {}, []).map((value) => () => value),
)
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 4 }).map((all) => () => all.map((one) => one())) },
)
const fields = fc.dictionary(fc.constantFrom(...words), value, { maxKeys: 6 }).map((all) => () => filled(all))
const raw = fc.oneof(fc.constantFrom('{', '[]', '5', '"x"', 'null', '\u0000', '{"a":'.repeat(50)), fc.string({ maxLength: 40 }))

const filled = (all: Record<string, () => unknown>) => Object.fromEntries(Object.entries(all).map(([key, make]) => [key, make()]))

type Body = () => OlderRequest
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.constant(() => ({})),
  fields.map((make) => () => ({ json: make() })),
  fields.map((make) => () => ({ form: formOf(make()) })),
  fields.map((make) => () => ({ form: Object.fromEntries(Object.entries(make()).map(([key, one]) => [key, String(one)])) })),
  fc
    .tuple(raw, fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'))
    .map(([text, type]) => () => ({ body: text, headers: { 'content-type': type } })),
)

function formOf(all: Record<string, unknown>): FormData {
  const form = new FormData()
  for (const [key, one] of Object.entries(all)) for (const part of Array.isArray(one) ? one : [one]) form.append(key, String(part))
  return form
}

const requests = (paths: readonly string[]) =>
  fc.record({
    method: fc.constantFrom('GET', 'POST', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
    path: fc.constantFrom(...paths),
    params: fc.array(
      fc.oneof(
        index.map((at) => () => known[at % known.length] ?? ''),
        fc.constantFrom(...junk).map((text) => () => text),
      ),
      {
        minLength: 3,
        maxLength: 3,
      },
    ),
    query: fc.constantFrom('', '?page=-1', '?limit=x&a=b&a=c', '?token=abc', '?%'),
    token: index,
    body,
  })

const stillThere = async (): Promise<void> => {
  expect(await before(bystander, 'still here')).toEqual([])
}

for (const { name: engine, env } of await backends()) {
  describe(`any input (${engine})`, () => {
    beforeAll(async () => {
      world = await openWorld({ env: await env() })
      api = createOlderClient(world.server.url)
      const people = backend(world)
      ann = await people.person('ann')
      const [bob, eve] = [await people.person('bob'), await people.person('eve')]
      const [own, foreign] = [await people.group(ann, 'own', [bob]), await people.group(bob, 'foreign')]
      const open = await world.publicRoom(bob)
      const { id: message } = await world.send(ann, own.id, 'a message')
      known = [own.id, foreign.id, open, message, ann.username, bob.username, String(ann.number), String(bob.number), '1', '2', '3']
      known.push('global', 'general', 'dm_1_2', ann.refresh, 'ann@example.org', 'correct horse battery')
      tokens = [ann.access, ann.access, ann.token, bob.access, bob.access, ann.refresh, 'abc', '']
      watched = await people.group(eve, 'watched')
      bystander = await people.open(eve, watched.id)
    })
    afterAll(async () => {
      const errors = world.server.lines.filter((line) => line.includes('"level":"error"'))
      await bystander[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
      expect(errors).toEqual([])
    })

    describe.each(routes)('%s', (name, paths) => {
      test('answers any request', async () => {
        await fc.assert(
          fc.asyncProperty(requests(paths), async ({ method, path, params, query, token, body: make }) => {
            let at = 0
            const address = path.replaceAll(/:\w+/g, () => encodeURIComponent(params[at++ % params.length]?.() ?? 'x'))
            const sent = method === 'GET' || method === 'OPTIONS' ? {} : make()
            const answer = await api.ask(method, `/${name}${address}${query}`, { ...sent, token: tokens[token % tokens.length] ?? '' })
            if (answer.status >= 500) throw new Error(`${answer.status}: ${answer.text}`)
          }),
          { numRuns: 300, endOnFailure: true },
        )
        await stillThere()
      }, 60_000)

      test('takes any frame', async () => {
        const room = fc.oneof(
          index.map((at) => () => known[at % known.length] ?? ''),
          fc.constantFrom('global', 'general', 'a-b', 'dm_1_2').map((text) => () => text),
        )
        const frame = fc.oneof(
          {
            weight: 4,
            arbitrary: fc.tuple(fields, fc.boolean()).map(
              ([make, proven]) =>
                () =>
                  JSON.stringify({ ...make(), ...(proven && { token: ann.access }) }),
            ),
          },
          { weight: 1, arbitrary: raw.map((text) => () => text) },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => () => new Uint8Array(bytes)) },
        )
        await fc.assert(
          fc.asyncProperty(room, index, fc.array(frame, { maxLength: 12 }), async (x, token, frames) => {
            const path = `/${name}/ws/chat/${encodeURIComponent(x())}/?token=${tokens[token % tokens.length]}`
            const status = await api.handshake(path)
            if (status !== 101) return expect(status).toBeLessThan(500)
            await using socket = await api.open(path)
            for (const make of frames) socket.send(make())
            expect(await api.handshake(path)).toBe(101)
            expect([null, 1000, 1005, 4000, 4001, 4003, 4403]).toContain(socket.ended?.code ?? null)
          }),
          { numRuns: 60, endOnFailure: true },
        )
        await stillThere()
      }, 60_000)
    })
  })
}
