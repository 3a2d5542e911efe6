import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { ChatError, OutputOf } from '@parlance/protocol'
import { codeOf, older, openWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const password = 'correct horse'
const register = (username: string, more: { email?: string } = {}) => world.nobody.ask('accounts.register', { username, password, ...more })
const login = (username: string, typed = password) => world.nobody.refused('accounts.login', { username, password: typed })
type Session = OutputOf<'accounts.login'>
const refresh = (session: Session) => world.nobody.ask('accounts.refresh', { refresh_token: session.refresh_token ?? '' })
const refreshRefused = (session: Session) => world.nobody.refused('accounts.refresh', { refresh_token: session.refresh_token ?? '' })

const authenticate = (token: string) => world.deps.sessions.authenticate(token)

describe('at the door of an older client', () => {
  const door = { door: older }

  test('tokens are of its kind and lifetime, and its refresh token is used again and again', async () => {
    await using world = await openWorld()
    const authenticate = (token: string) => world.deps.sessions.authenticate(token)
    const session = await world.nobody.ask('accounts.register', { username: 'any name ☺', password: '1', email: 'o@example.org' }, door)
    expect(session).toMatchObject({ expires_in: 300, refresh_expires_in: 3600 })
    expect(world.deps.sessions.dialectOf(session.access_token)).toBe('older')
    expect(await authenticate(session.access_token)).toMatchObject({ username: 'any name ☺', sessionEndsAt: world.clock.now() + 3_600_000 })
    await world.clock.advance(600_000)
    const token = session.refresh_token ?? ''
    const renewed = [
      await world.nobody.ask('accounts.refresh', { refresh_token: token }, door),
      await world.nobody.ask('accounts.refresh', { refresh_token: token }, door),
    ]
    expect(renewed).toMatchObject([
      { refresh_token: token, refresh_expires_in: 3000, session: session.session },
      { refresh_token: token, refresh_expires_in: 3000 },
    ])
    expect(await authenticate(renewed[1]?.access_token ?? '')).toMatchObject({ session: session.session })
    expect(await codeOf(authenticate(token))).toBe('unauthenticated')
  })

  test('its refresh token is spent alone: once, and the session goes on', async () => {
    const applicant = { username: 'spender', password: 'secret' }
    const { access_token, refresh_token } = await world.nobody.ask('accounts.register', applicant, door)
    const token = refresh_token ?? ''
    const by = { actor: await world.deps.sessions.authenticate(access_token), ...door }
    const refusal = async (name: 'accounts.logout' | 'accounts.refresh', refresh: string): Promise<unknown> =>
      (await world.nobody.ask(name, { refresh_token: refresh }, by).catch((error: ChatError) => error.faults?.[0]?.message)) ?? 'done'
    expect(await refusal('accounts.logout', access_token)).toBe('Token has wrong type')
    expect(await refusal('accounts.logout', 'x.y.z')).toBe('Token is invalid or expired')
    const thrice = await Promise.all([1, 2, 3].map(() => refusal('accounts.logout', token)))
    expect(thrice.filter((answer) => answer === 'done')).toHaveLength(1)
    expect(thrice.filter((answer) => answer === 'Token is blacklisted')).toHaveLength(2)
    expect(await refusal('accounts.refresh', token)).toBe('Token is blacklisted')
    expect(await codeOf(world.deps.sessions.authenticate(access_token))).toMatchObject({ answer: { username: 'spender' } })
  })

  test('an address may be shared: it is shown, and signs in its first account only', async () => {
    await register('firsty', { email: 'shared@example.org' })
    const second = await world.nobody.ask(
      'accounts.register',
      { username: 'secondy', password: 'other', email: 'Shared@example.org' },
      door,
    )
    expect(second.user.email).toBe('Shared@example.org')
    expect(await login('shared@example.org', 'other')).toBe('invalid_credentials')
    expect(await world.nobody.ask('accounts.login', { username: 'shared@example.org', password })).toMatchObject({
      user: { username: 'firsty' },
    })
  })

  test('native refresh tokens do not pass, nor the older ones at the native door', async () => {
    const own = await register('both')
    const old = await world.nobody.ask('accounts.login', { username: 'both', password }, door)
    expect(await world.nobody.refused('accounts.refresh', { refresh_token: own.refresh_token ?? '' }, door)).toBe('invalid_refresh')
    expect(await world.nobody.refused('accounts.refresh', { refresh_token: old.access_token }, door)).toBe('invalid_refresh')
    expect(await refreshRefused(old)).toBe('invalid_refresh')
    // The refused attempts did no harm.
    expect(await refresh(own)).toMatchObject({ session: own.session })
    const actor = await authenticate(old.access_token)
    await world.nobody.ask('accounts.logout', {}, { actor })
    expect(await world.nobody.refused('accounts.refresh', { refresh_token: old.refresh_token ?? '' }, door)).toBe('invalid_refresh')
  })
})
