import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import type { OutputOf } from '@parlance/protocol'
import type { RefreshCookie } from '../../src/dispatch.ts'
import { codeOf, faultsOf, openWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

type Session = OutputOf<'accounts.login'>

const password = 'correct horse'
const register = (username: string, more: { email?: string; first_name?: string } = {}) =>
  world.nobody.ask('accounts.register', { username, password, ...more })
const login = (username: string, typed = password) => world.nobody.refused('accounts.login', { username, password: typed })
const authenticate = (token: string) => world.deps.sessions.authenticate(token)
const refresh = (session: Session) => world.nobody.ask('accounts.refresh', { refresh_token: session.refresh_token ?? '' })
const refreshRefused = (session: Session) => world.nobody.refused('accounts.refresh', { refresh_token: session.refresh_token ?? '' })

function suspend(username: string): void {
  using database = new Database(world.file)
  database.run("update users set state = 'suspended' where username = ?", [username])
}

describe('registering', () => {
  test('makes an account and signs in', async () => {
    const session = await register('ada', { email: 'Ada@Example.org', first_name: 'Ada' })
    expect(session.user).toMatchObject({ username: 'ada', email: 'Ada@Example.org', first_name: 'Ada', last_name: '' })
    expect(session).toMatchObject({ expires_in: 900, refresh_expires_in: 86_400 })
    const actor = await authenticate(session.access_token)
    expect(actor).toMatchObject({ username: 'ada', id: session.user.id, session: session.session, expiresAt: world.clock.now() + 900_000 })
  })

  test('is refused for a name that only looks different', async () => {
    expect(await codeOf(register('ＡＤＡ'))).toBe('username_taken')
  })

  test('gives a name to one of many who want it at once', async () => {
    const answers = await Promise.all(['Racer', 'racer', 'RACER'].map((name) => codeOf(register(name))))
    expect(answers.filter((answer) => answer === 'username_taken')).toHaveLength(2)
  })

  test('is refused for an address that another account owns, in any case', async () => {
    expect(await codeOf(register('ada2', { email: 'ADA@example.ORG' }))).toBe('email_taken')
  })

  test('reports every fault at once', async () => {
    const input = { username: 'a b', password: 'short', email: 'not one' }
    expect(await faultsOf(world.nobody.ask('accounts.register', input))).toEqual(['/username', '/password', '/email'])
  })

  test('is closed where the setting says so', async () => {
    await using closed = await openWorld({ registration: 'off' })
    expect(await closed.nobody.refused('accounts.register', { username: 'ada', password })).toBe('registration_closed')
  })
})

describe('signing in', () => {
  const cases: [what: string, identifier: string, typed: string, answer: string][] = [
    ['by the name in another case', 'BEA', password, 'in'],
    ['by the owned address in another case', 'BEA@example.org', password, 'in'],
    ['by a name with an @', 'cy@home', password, 'in'],
    ['with a wrong password', 'bea', 'wrong', 'invalid_credentials'],
    ['with another case of the password', 'bea', password.toUpperCase(), 'invalid_credentials'],
    ['with an unknown name', 'nobody', password, 'invalid_credentials'],
    ['with an unknown address', 'nobody@example.org', password, 'invalid_credentials'],
    ['with a password longer than any', 'bea', 'x'.repeat(1024), 'invalid_credentials'],
  ]
  beforeAll(async () => {
    await register('bea', { email: 'bea@example.org' })
    await register('cy@home')
  })
  for (const [what, username, typed, answer] of cases) {
    test(`${what}: ${answer}`, async () => {
      const result = await codeOf(world.nobody.ask('accounts.login', { username, password: typed }))
      expect(typeof result === 'string' ? result : 'in').toBe(answer)
    })
  }

  test('fails after as many hashes whoever exists: one for a name, two for an address', async () => {
    const verify = spyOn(world.deps.passwords, 'verify')
    const hashes = async (identifier: string) => {
      verify.mockClear()
      expect(await login(identifier, 'wrong password')).toBe('invalid_credentials')
      return verify.mock.calls.length
    }
    expect([await hashes('bea'), await hashes('nobody')]).toEqual([1, 1])
    expect([await hashes('bea@example.org'), await hashes('nobody@example.org'), await hashes('cy@home')]).toEqual([2, 2, 2])
    verify.mockRestore()
  })

  test('is refused to the suspended, who learn it only with the right password', async () => {
    const { access_token } = await register('sue')
    await authenticate(access_token)
    suspend('sue')
    expect(await login('sue', 'wrong password')).toBe('invalid_credentials')
    expect(await login('sue')).toBe('suspended')
    await world.clock.advance(1000)
    expect(await codeOf(authenticate(access_token))).toBe('suspended')
  })
})

describe('refreshing', () => {
  test('replaces the token, and gives the same successor again for thirty seconds', async () => {
    const first = await register('refresher')
    const [second, third] = await Promise.all([refresh(first), refresh(first)])
    await world.clock.advance(30_000)
    const late = await refresh(first)
    expect(new Set([second, third, late].map(({ refresh_token }) => refresh_token)).size).toBe(1)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(await authenticate(late.access_token)).toMatchObject({ session: first.session })
  })

  test('with a token spent longer ago ends the session and everything open under it', async () => {
    const first = await register('victim')
    const second = await refresh(first)
    await authenticate(second.access_token)
    await world.clock.advance(30_001)
    const before = world.heard.length
    expect(await refreshRefused(first)).toBe('invalid_refresh')
    expect(world.heard.slice(before)).toMatchObject([
      { kind: 'user', type: 'session.ended', session: first.session },
      { kind: 'revoked', session: first.session },
    ])
    expect(await refreshRefused(second)).toBe('invalid_refresh')
    expect(await codeOf(authenticate(second.access_token))).toBe('unauthenticated')
  })

  test('keeps a session alive beyond its first end, and not beyond its last', async () => {
    const first = await register('sleeper')
    await world.clock.advance(80_000_000)
    const second = await refresh(first)
    await world.clock.advance(80_000_000)
    const third = await refresh(second)
    expect(await authenticate(third.access_token)).toMatchObject({ sessionEndsAt: world.clock.now() + 86_400_000 })
    await world.clock.advance(86_400_000)
    expect(await refreshRefused(third)).toBe('invalid_refresh')
  })

  test('is refused for anything else', async () => {
    const session = await register('other')
    for (const token of ['x', 'A'.repeat(43), session.access_token]) {
      expect(await world.nobody.refused('accounts.refresh', { refresh_token: token })).toBe('invalid_refresh')
    }
    expect(await world.nobody.refused('accounts.refresh', {})).toBe('invalid_refresh')
  })
})

describe('a refresh token in a cookie', () => {
  const jar = (value: string | null = null) => {
    const set: { token: string; maxAge: number }[] = []
    let cleared = 0
    const cookie: RefreshCookie = { value, set: (token, maxAge) => void set.push({ token, maxAge }), clear: () => void (cleared += 1) }
    return { cookie, set, cleared: () => cleared }
  }

  test('is set by the door, renewed from there and cleared at the end, and never in an answer', async () => {
    const first = jar()
    const input = { username: 'cookie', password, session: 'cookie' as const }
    const session = await world.nobody.ask('accounts.register', input, { cookie: first.cookie })
    expect([session.refresh_token, first.set.map(({ maxAge }) => maxAge)]).toEqual([null, [86_400]])
    const second = jar(first.set[0]?.token)
    const renewed = await world.nobody.ask('accounts.refresh', {}, { cookie: second.cookie })
    expect([renewed.refresh_token, second.set.length]).toEqual([null, 1])
    const actor = await authenticate(renewed.access_token)
    const third = jar(second.set[0]?.token)
    await world.nobody.ask('accounts.logout', {}, { cookie: third.cookie, actor })
    expect(third.cleared()).toBe(1)
    const dead = jar(second.set[0]?.token)
    expect(await world.nobody.refused('accounts.refresh', {}, { cookie: dead.cookie })).toBe('invalid_refresh')
    expect(dead.cleared()).toBe(1)
  })

  test('is refused where there are no cookies, before anything is written', async () => {
    const input = { username: 'cookieless', password, session: 'cookie' as const }
    expect(await faultsOf(world.nobody.ask('accounts.register', input))).toEqual(['/session'])
    expect(await login('cookieless')).toBe('invalid_credentials')
  })
})

describe('an access token', () => {
  test('ends with its time, with a logout at once, and within a second of an end elsewhere', async () => {
    const [short, out, elsewhere] = [await register('short'), await register('out'), await register('elsewhere')]
    const actor = await authenticate(out.access_token)
    const before = world.heard.length
    await world.nobody.ask('accounts.logout', {}, { actor })
    expect(world.heard.slice(before)).toMatchObject([
      { type: 'session.ended' },
      { kind: 'revoked', user: actor.number, session: actor.session },
    ])
    expect(await codeOf(authenticate(out.access_token))).toBe('unauthenticated')
    expect(await refreshRefused(out)).toBe('invalid_refresh')

    const there = await authenticate(elsewhere.access_token)
    await world.deps.store.queue.write('sessions.end', { session: elsewhere.session, at: world.clock.now() })
    await world.clock.advance(999)
    expect(world.deps.sessions.alive(there)).toBeUndefined()
    await world.clock.advance(1)
    expect(await codeOf(Promise.resolve(world.deps.sessions.alive(there)))).toBe('unauthenticated')
    expect(await codeOf(authenticate(elsewhere.access_token))).toBe('unauthenticated')

    await world.clock.advance(900_000)
    expect(await codeOf(authenticate(short.access_token))).toBe('token_expired')
    for (const token of ['', 'x', 'a.b.c', short.refresh_token ?? '']) expect(await codeOf(authenticate(token))).toBe('unauthenticated')
  })

  test('is looked up once for many who come at the same time, and then for a second not at all', async () => {
    const { access_token } = await register('popular')
    const reads = spyOn(world.deps.store.sessions, 'byId')
    await Promise.all(Array.from({ length: 10 }, () => authenticate(access_token)))
    await world.clock.advance(999)
    await authenticate(access_token)
    expect(reads.mock.calls).toHaveLength(1)
    await world.clock.advance(1)
    await authenticate(access_token)
    expect(reads.mock.calls).toHaveLength(2)
    reads.mockRestore()
  })
})

describe('one’s own account', () => {
  test('is shown and changed, field by field', async () => {
    const actor = await authenticate((await register('eva', { email: 'eva@example.org', first_name: 'Eva' })).access_token)
    expect(await world.nobody.ask('accounts.update', { last_name: 'Lu' }, { actor })).toMatchObject({
      first_name: 'Eva',
      last_name: 'Lu',
      email: 'eva@example.org',
    })
    expect(await world.nobody.ask('accounts.update', { email: 'new@example.org' }, { actor })).toMatchObject({ email: 'new@example.org' })
    expect(await world.nobody.ask('accounts.login', { username: 'NEW@example.org', password })).toMatchObject({ user: { username: 'eva' } })
    expect(await login('eva@example.org')).toBe('invalid_credentials')
    expect(await world.nobody.refused('accounts.update', { email: 'ada@example.org' }, { actor })).toBe('email_taken')
    expect(await faultsOf(world.nobody.ask('accounts.update', { email: 'none' }, { actor }))).toEqual(['/email'])
    await world.nobody.ask('accounts.update', { email: '' }, { actor })
    expect(await world.nobody.ask('accounts.me', {}, { actor })).toMatchObject({ username: 'eva', email: '', last_name: 'Lu' })
    expect(await login('new@example.org')).toBe('invalid_credentials')
  })
})
