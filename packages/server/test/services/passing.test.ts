import { afterAll, beforeAll, expect, test } from 'bun:test'
import { keepDoing } from '../../src/boot/rounds.ts'
import { defaultLimits } from '../../src/config/limits.ts'
import { sweepPassing } from '../../src/services/passing.ts'
import { codeOf, native, openWorld, type World } from './world.ts'

let world: World
beforeAll(async () => void (world = await openWorld()))
afterAll(() => world[Symbol.asyncDispose]())

const dayMs = 86_400_000
const sweep = () => sweepPassing(world.deps, defaultLimits.keptDays)
/** How long a login of the native door lasts here. */
const lifetime = native.tokens.refresh * 1000

test('a refresh token spent again ends its login however many were swept, and one that is over answers the same before and after', async () => {
  const { refresh_token, session } = await world.nobody.ask('accounts.register', { username: 'ada', password: 'correct horse' })
  const refresh = (token: string) => codeOf(world.nobody.ask('accounts.refresh', { refresh_token: token }))
  const first = refresh_token ?? ''
  await refresh(first)
  await world.clock.advance(31_000)
  await sweep()
  expect(await refresh(first)).toBe('invalid_refresh')
  expect(await world.deps.store.sessions.byId(session)).toMatchObject({ ended_at: world.clock.now() })
  const ben = await world.nobody.ask('accounts.register', { username: 'ben', password: 'correct horse' })
  await world.clock.advance(lifetime)
  expect(await refresh(ben.refresh_token ?? '')).toBe('invalid_refresh')
  await world.clock.advance(defaultLimits.keptDays.sessions * dayMs - 1)
  await sweep()
  expect(await world.deps.store.sessions.byId(ben.session)).toMatchObject({ ended_at: null })
  await world.clock.advance(1)
  await sweep()
  expect(await world.deps.store.sessions.byId(ben.session)).toBeUndefined()
  expect(await refresh(ben.refresh_token ?? '')).toBe('invalid_refresh')
  expect(await codeOf(world.deps.sessions.authenticate(ben.access_token))).toBe('token_expired')
})

test('what is over goes in as many batches as it takes, and a stop is heard between two of them', async () => {
  const { number } = (await world.somebody('many')).actor
  const { store, clock, newId } = world.deps
  const made = Array.from({ length: 450 }, () => newId())
  const login = (id: string) => {
    const refresh_hash = crypto.getRandomValues(new Uint8Array(32))
    const session = { id, dia: 'native', agent: null, created_at: clock.now(), expires_at: clock.now() + 1, refresh_hash }
    return store.queue.write('sessions.create', { user: number, session, atMost: 1000 })
  }
  await Promise.all(made.map(login))
  await world.clock.advance(1)
  const left = async () => (await Promise.all(made.map((id) => store.sessions.byId(id)))).filter((row) => row !== undefined).length
  await sweepPassing(world.deps, { ...defaultLimits.keptDays, sessions: 0 }, AbortSignal.abort())
  expect(await left()).toBe(450)
  await sweepPassing(world.deps, { ...defaultLimits.keptDays, sessions: 0 })
  expect(await left()).toBe(0)
})

test('rounds begin at once, come at their time one by one, go on after one that failed, and end with the one under way', async () => {
  const { clock, log } = world.deps
  const rounds: ReturnType<typeof Promise.withResolvers<void>>[] = []
  const stopped: boolean[] = []
  const doing = keepDoing(
    async (stop) => {
      const round = Promise.withResolvers<void>()
      rounds.push(round)
      await round.promise
      stopped.push(stop.aborted)
    },
    { what: 'a test', everyMs: 1000, clock, log },
  )
  expect(rounds).toHaveLength(1)
  await world.clock.advance(5000)
  expect(rounds).toHaveLength(1)
  rounds[0]?.reject(new Error('no'))
  await world.clock.advance(1000)
  expect(rounds).toHaveLength(2)
  rounds[1]?.resolve()
  await world.clock.advance(1000)
  expect(rounds).toHaveLength(3)
  const ended = doing[Symbol.asyncDispose]()
  rounds[2]?.resolve()
  await ended
  await world.clock.advance(5000)
  expect([rounds.length, stopped]).toEqual([3, [false, true]])
})
