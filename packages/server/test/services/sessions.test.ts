import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import type { OutputOf } from '@parlance/protocol'
import { codeOf, faultsOf, older, openWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const password = 'correct horse'
const register = (username: string, agent?: string) =>
  world.nobody.ask('accounts.register', { username, password }, agent === undefined ? {} : { agent })
const login = (username: string, typed = password) => world.nobody.ask('accounts.login', { username, password: typed })
const authenticate = (token: string) => world.deps.sessions.authenticate(token)
const isLive = async ({ access_token }: OutputOf<'accounts.login'>) => typeof (await codeOf(authenticate(access_token))) !== 'string'

describe('one’s sessions', () => {
  test('are listed, the latest first, with what is known of them', async () => {
    const first = await register('lister', ' \u0007Firefox/145 \u202e' + 'x'.repeat(300))
    await world.clock.advance(1000)
    const second = await world.nobody.ask('accounts.login', { username: 'lister', password }, { door: older })
    const actor = await authenticate(first.access_token)
    const { items, next } = await world.nobody.ask('sessions.list', {}, { actor })
    expect(items).toMatchObject([
      { id: second.session, door: 'older', agent: null, current: false },
      { id: first.session, door: 'native', current: true },
    ])
    expect(items[1]?.agent).toBe(`Firefox/145 ${'x'.repeat(187)}`)
    expect(next).toBeNull()
    const page = await world.nobody.ask('sessions.list', { limit: 1 }, { actor })
    const rest = await world.nobody.ask('sessions.list', { limit: 1, cursor: page.next ?? '' }, { actor })
    expect([...page.items, ...rest.items].map(({ id }) => id)).toEqual([second.session, first.session])
  })

  test('know of their last use to the hour, and to the renewal', async () => {
    const session = await register('user')
    const usedAt = async () => {
      const actor = await authenticate(session.access_token)
      const [item] = (await world.nobody.ask('sessions.list', {}, { actor })).items
      return Date.parse(item?.used_at ?? '') - Date.parse(item?.created_at ?? '')
    }
    await world.clock.advance(600_000)
    expect(await usedAt()).toBe(0)
    const renewed = await world.nobody.ask('accounts.refresh', { refresh_token: session.refresh_token ?? '' })
    session.access_token = renewed.access_token
    expect(await usedAt()).toBe(600_000)
    const door = { ...older, tokens: { access: 7200, refresh: 7200 } }
    const old = await world.nobody.ask('accounts.login', { username: 'user', password }, { door })
    const usedBy = async () => {
      await authenticate(old.access_token)
      await world.deps.store.queue.drain()
      return (await world.deps.store.sessions.byId(old.session))?.used_at
    }
    const began = world.clock.now()
    await world.clock.advance(3_599_999)
    expect(await usedBy()).toBe(began)
    await world.clock.advance(1000)
    expect(await usedBy()).toBe(began + 3_600_999)
  })

  test('end one by one, and only one’s own', async () => {
    const [mine, other, stranger] = [await register('ender'), await login('ender'), await register('stranger')]
    const actor = await authenticate(mine.access_token)
    const end = (session: string) => world.nobody.ask('sessions.end', { session }, { actor })
    expect(await codeOf(end(stranger.session))).toBe('not_found')
    await end(other.session)
    await end(other.session)
    expect([await isLive(mine), await isLive(other), await isLive(stranger)]).toEqual([true, false, true])
  })

  test('end all at once, this one and those of older doors too', async () => {
    const sessions = [await register('leaver'), await login('leaver')]
    sessions.push(await world.nobody.ask('accounts.login', { username: 'leaver', password }, { door: older }))
    const actor = await authenticate(sessions[0]?.access_token ?? '')
    const before = world.heard.length
    await world.nobody.ask('accounts.logout_all', {}, { actor })
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, false, false])
    const revoked = world.heard.slice(before).flatMap((signal) => (signal.kind === 'revoked' ? [signal.session] : []))
    expect(new Set(revoked)).toEqual(new Set(sessions.map(({ session }) => session)))
    const old = { refresh_token: sessions[2]?.refresh_token ?? '' }
    expect(await world.nobody.refused('accounts.refresh', old, { door: older })).toBe('invalid_refresh')
  })
})

describe('changing the password', () => {
  test('needs the current one, keeps this session and ends every other', async () => {
    const [mine, other] = [await register('changer'), await login('changer')]
    const old = await world.nobody.ask('accounts.login', { username: 'changer', password }, { door: older })
    const actor = await authenticate(mine.access_token)
    const change = (current: string, to: string) => world.nobody.ask('accounts.password', { current, password: to }, { actor })
    expect(await codeOf(change('wrong', 'battery staple'))).toBe('wrong_password')
    expect(await faultsOf(change(password, 'short'))).toEqual(['/password'])
    expect([await isLive(other), await isLive(old)]).toEqual([true, true])
    await change(password, 'battery staple')
    expect([await isLive(mine), await isLive(other), await isLive(old)]).toEqual([true, false, false])
    expect(await world.nobody.refused('accounts.login', { username: 'changer', password })).toBe('invalid_credentials')
    expect((await login('changer', 'battery staple')).user.username).toBe('changer')
    const renewed = await world.nobody.ask('accounts.refresh', { refresh_token: mine.refresh_token ?? '' })
    expect(renewed.session).toBe(mine.session)
  })

  test('from the same one many times at once succeeds once', async () => {
    const actor = await authenticate((await register('racer')).access_token)
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        codeOf(world.nobody.ask('accounts.password', { current: password, password: `new word ${i}` }, { actor })),
      ),
    )
    expect(answers.filter((answer) => answer === 'wrong_password')).toHaveLength(4)
  })

  test('while somebody signs in with the former one leaves no session of theirs', async () => {
    const session = await register('raced')
    const actor = await authenticate(session.access_token)
    const verify = world.deps.passwords.verify
    const compared = Promise.withResolvers<void>()
    const changed = Promise.withResolvers<void>()
    const slow = spyOn(world.deps.passwords, 'verify').mockImplementationOnce(async (typed, hash) => {
      const isRight = await verify(typed, hash)
      compared.resolve()
      await changed.promise
      return isRight
    })
    const late = codeOf(login('raced'))
    await compared.promise
    await world.nobody.ask('accounts.password', { current: password, password: 'battery staple' }, { actor })
    changed.resolve()
    expect(await late).toBe('invalid_credentials')
    slow.mockRestore()
  })

  test('is done for somebody by an admin, and ends every session', async () => {
    const session = await register('forgetful')
    await world.nobody.ask('users.set_password', { user: 'name:FORGETFUL', password: 'told by phone' })
    expect(await isLive(session)).toBe(false)
    expect((await login('forgetful', 'told by phone')).user.username).toBe('forgetful')
    expect(await world.nobody.refused('users.set_password', { user: 'name:nobody', password: 'told by phone' })).toBe('not_found')
    expect(await world.nobody.refused('users.set_password', { user: 'me', password: 'told by phone' })).toBe('not_found')
    expect(await faultsOf(world.nobody.ask('users.set_password', { user: 'name:forgetful', password: 'short' }))).toEqual(['/password'])
  })
})
