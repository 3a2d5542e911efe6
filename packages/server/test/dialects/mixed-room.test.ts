import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { createOlderClient } from '../harness/older-client.ts'
import { createRest } from '../harness/rest.ts'
import { backends } from '../harness/server.ts'
import { checkout, freePort, ServerProcess } from '../torture/server-process.ts'
import { type Account, doors, type Guest, type Place, type Said } from './guests.ts'

const password = 'correct horse battery'
const each = 12

type Scene = { place: Place; accounts: Account[] }

/** One account for each API, made at the native one, and a public room. */
async function setUp(url: string): Promise<Scene> {
  const rest = createRest(url)
  const api = createOlderClient(url)
  const accounts = await Promise.all(
    doors.map(async ({ api: name }): Promise<Account> => {
      const account = { username: `from-${name}`, email: `${name}@example.org`, password }
      const { access_token: token } = await rest.call('accounts.register', account)
      const { access } = (await api.ask('POST', '/api/login/', { json: account })).json as { access: string }
      const { user_id } = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString()) as { user_id: number }
      return { ...account, token, number: user_id }
    }),
  )
  const [maker] = accounts
  const { room } = await rest.call('rooms.create', { kind: 'public', name: 'plaza' }, maker)
  const login = (await api.ask('POST', '/login/', { json: { email: maker?.email, password } })).json as { data: { access_token: string } }
  const { json } = await api.ask('GET', '/rooms/', { token: login.data.access_token })
  const number = (json as { data: { id: number; name: string }[] }).data.find(({ name }) => name === 'plaza')?.id ?? 0
  const people = new Map(accounts.map((account) => [account.number, account.username]))
  return { place: { url, id: room.id, name: 'plaza', number, people }, accounts }
}

const enter = ({ place, accounts }: Scene): Promise<Guest[]> =>
  Promise.all(
    doors.map((door, i) => {
      const account = accounts[i]
      if (account === undefined) throw new Error('nobody for this door')
      return door.enter(account, place)
    }),
  )

const leave = (guests: readonly Guest[]) => Promise.all(guests.map((guest) => guest[Symbol.asyncDispose]()))

/** Whether the one is a stretch of the other, without a hole. */
const isStretch = (part: readonly Said[], whole: readonly Said[]): boolean => {
  const key = ({ text, author }: Said) => `${author}: ${text}`
  return `\n${whole.map(key).join('\n')}\n`.includes(`\n${part.map(key).join('\n')}\n`) || part.length === 0
}

for (const { name, env } of await backends()) {
  describe(`people of every API in one public room (${name})`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'parlance-mixed-'))
    let place: ConstructorParameters<typeof ServerProcess>[0]
    let server: ServerProcess
    let scene: Scene
    beforeAll(async () => {
      place = { root: checkout, dataDir: directory, port: freePort(), env: await env() }
      server = new ServerProcess(place)
      await server.ready()
      scene = await setUp(`http://127.0.0.1:${place.port}`)
    })
    afterAll(async () => {
      await server[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
      rmSync(`${directory}.log`, { force: true })
    })

    test('each sees all messages once, in one order, in the shape of their own API', async () => {
      const guests = await enter(scene)
      for (let i = 0; i < each; i++) for (const [at, guest] of guests.entries()) guest.say(`${i} from ${doors[at]?.api}`)
      const all = doors.length * each
      await eventually(() => guests.every((guest) => guest.heard().length >= all))

      const [told = []] = guests.map((guest) => guest.heard())
      expect(told).toHaveLength(all)
      for (const guest of guests) expect(guest.heard()).toEqual(told)
      for (const [at, { api }] of doors.entries()) {
        const author = scene.accounts[at]?.username ?? ''
        expect(told.filter((said) => said.author === author).map(({ text }) => text)).toEqual(
          Array.from({ length: each }, (_, i) => `${i} from ${api}`),
        )
        expect(guests[at]?.shapes().map((keys) => keys.split(' '))).toEqual([doors[at]?.shape ?? []])
      }
      for (const guest of (await leave(guests), await enter(scene))) {
        expect(await guest.past()).toEqual(told)
        await leave([guest])
      }
    }, 60_000)

    test('a server that is killed in mid-traffic loses nothing that anybody saw, and all go on where it was', async () => {
      const guests = await enter(scene)
      const [native] = guests
      let running = true
      const traffic = guests.map(async (guest, at) => {
        for (let i = 0; running; i++) {
          const words = `kill ${i} from ${doors[at]?.api}`
          guest.say(words)
          await eventually(() => !running || guest.heard().some(({ text }) => text === words))
        }
      })
      await eventually(() => (native?.heard().length ?? 0) > 10 * doors.length)
      await server.killLater(0)
      running = false
      await Promise.all(traffic)
      const seen = guests.map((guest) => guest.heard())
      await Promise.allSettled(guests.map((guest) => guest[Symbol.asyncDispose]()))

      server = new ServerProcess(place)
      await server.ready()
      const returned = await enter(scene)
      const log = (await returned[0]?.past()) ?? []
      expect(log.length).toBeGreaterThan(10 * doors.length)
      for (const [at, guest] of returned.entries()) {
        const past = await guest.past()
        expect(past).toEqual(log)
        expect(seen[at]?.length).toBeGreaterThan(0)
        expect(isStretch(seen[at] ?? [], past)).toBe(true)
      }
      const before = returned.map((guest) => guest.heard().length)
      expect(before.every((count) => count === 0)).toBe(true)
      for (const [at, guest] of returned.entries()) guest.say(`back from ${doors[at]?.api}`)
      await eventually(() => returned.every((guest) => guest.heard().length >= doors.length))
      const [told = []] = returned.map((guest) => guest.heard())
      for (const guest of returned) expect(guest.heard()).toEqual(told)
      expect(told.map(({ text }) => text).toSorted()).toEqual(doors.map(({ api }) => `back from ${api}`).toSorted())
      await leave(returned)
    }, 60_000)
  })
}
