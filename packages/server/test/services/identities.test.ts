import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { JWTPayload } from 'jose'
import { SignJWT } from 'jose'
import { createIssuer } from '../../src/auth/issuer.ts'
import { sharedSecret } from '../../src/auth/key-set.ts'
import type { Login } from '../../src/dispatch.ts'
import { audience, claims, issuerName } from '../harness/issuer.ts'
import { codeOf, openWorld, type World } from './world.ts'

const secret = Buffer.from('a secret of the issuer, thirty-two bytes and more')
const issuer = createIssuer({ issuer: issuerName, audience, keys: sharedSecret(secret, 'HS256') })

let world: World
beforeAll(async () => {
  world = await openWorld({ issuer })
})
afterAll(() => world[Symbol.asyncDispose]())

let subjects = 0
const stranger = (change: JWTPayload = {}): JWTPayload => claims({ sub: `subject ${++subjects}`, ...change }, world.clock.now())
const sign = (payload: JWTPayload) => new SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(secret)
const enter = async (payload: JWTPayload): Promise<Login> => await world.deps.sessions.authenticate(await sign(payload))
const userOf = async ({ number }: Login) => await world.deps.store.users.byNumber(number)

test('somebody appears on first use, from the claims, and is the same person ever after', async () => {
  const who = stranger({ preferred_username: 'grace', email: 'grace@example.org', given_name: 'Grace', family_name: 'Hopper' })
  const first = await enter(who)
  expect(await userOf(first)).toMatchObject({
    username: 'grace',
    email: 'grace@example.org',
    owned_email: null,
    password: null,
    admin: false,
    first_name: 'Grace',
    last_name: 'Hopper',
  })
  const second = await enter({ ...who, jti: 'another token', preferred_username: 'somebody', email: 'else@example.org' })
  expect([second.number, second.username]).toEqual([first.number, 'grace'])
  expect(second.session).not.toBe(first.session)
})

test('a claimed name or address never leads to an account that is there: the name gets a suffix', async () => {
  const own = await world.nobody.ask('accounts.register', { username: 'ann', password: 'correct horse', email: 'ann@example.org' })
  const claimed = { preferred_username: 'Ann', email: 'ann@example.org', email_verified: true }
  const [one, other] = [await enter(stranger(claimed)), await enter(stranger(claimed))]
  expect([one.username, other.username]).toEqual(['Ann_2', 'Ann_3'])
  expect(new Set([own.user.id, one.id, other.id]).size).toBe(3)
  expect((await world.nobody.ask('accounts.login', { username: 'ann@example.org', password: 'correct horse' })).user.id).toBe(own.user.id)
})

test('the same subject is one person however many of its tokens come at once', async () => {
  const who = stranger({ preferred_username: 'crowd' })
  const logins = await Promise.all(Array.from({ length: 50 }, (_, i) => enter({ ...who, jti: `token ${i % 10}` })))
  expect(new Set(logins.map(({ number }) => number)).size).toBe(1)
  expect(new Set(logins.map(({ session }) => session)).size).toBe(10)
})

test('fifty people of one name are fifty people', async () => {
  const logins = await Promise.all(Array.from({ length: 50 }, () => enter(stranger({ preferred_username: 'smith' }))))
  expect(new Set(logins.map(({ number }) => number)).size).toBe(50)
  expect(new Set(logins.map(({ username }) => username.toLowerCase())).size).toBe(50)
})

test('a name becomes a username as far as it can', async () => {
  const names: [claimed: JWTPayload, username: RegExp][] = [
    [{ preferred_username: undefined, name: 'Ada King Lovelace' }, /^Ada_King_Lovelace$/],
    [{ preferred_username: 'o’brien <b>' }, /^obrien_b$/],
    [{ preferred_username: 'Łukasz' }, /^Łukasz$/],
    [{ preferred_username: '\u202eevil' }, /^evil$/],
    [{ preferred_username: '   ' }, /^user/],
    [{ preferred_username: '😀' }, /^user/],
    [{ preferred_username: 7 }, /^user/],
    [{ preferred_username: 'n'.repeat(1000) }, /^n{150}$/],
    [{ preferred_username: 'nul\0l' }, /^user/],
    [{ preferred_username: '\ud800' }, /^user/],
    [{ preferred_username: undefined }, /^user/],
  ]
  for (const [claimed, username] of names) expect((await enter(stranger(claimed))).username).toMatch(username)
})

test('claims that could not be stored or printed are left out', async () => {
  const login = await enter(stranger({ preferred_username: 'odd', email: 'not one', given_name: 'a\0b', family_name: 'x'.repeat(5000) }))
  expect(await userOf(login)).toMatchObject({ email: '', first_name: '', last_name: 'x'.repeat(150) })
  for (const sub of ['', 'a\0b', '\ud800', 'x'.repeat(256)]) expect(await codeOf(enter(stranger({ sub })))).toBe('unauthenticated')
})

test('subject and issuer are compared as they are, letter by letter', async () => {
  const [one, other] = [await enter(stranger({ sub: 'Subject' })), await enter(stranger({ sub: 'subject' }))]
  expect(one.number).not.toBe(other.number)
})

test('the session ends with the token, and nothing renews it', async () => {
  const exp = Math.floor(world.clock.now() / 1000) + 60
  const login = await enter(stranger({ exp }))
  expect([login.expiresAt, login.sessionEndsAt]).toEqual([exp * 1000, exp * 1000])
  const { username } = login
  expect(await world.nobody.refused('accounts.login', { username, password: 'x' })).toBe('invalid_credentials')
})

test('a logout ends the token, however its signature is spelt; a later one is let in', async () => {
  const who = stranger()
  const token = await sign(who)
  const actor = await world.deps.sessions.authenticate(token)
  await world.deps.sessions.end(actor.session)
  expect(await codeOf(world.deps.sessions.authenticate(token))).toBe('unauthenticated')
  expect((await enter({ ...who, jti: 'later' })).number).toBe(actor.number)
})

test('a suspension ends every token, those never seen here too, and a restored person needs a later one', async () => {
  const who = stranger()
  const [used, unused] = [await sign(who), await sign({ ...who, jti: 'unused' })]
  const actor = await world.deps.sessions.authenticate(used)
  await world.clock.advance(1000)
  await world.deps.admission.set(actor, 'suspended', null)
  for (const token of [used, unused]) expect(await codeOf(world.deps.sessions.authenticate(token))).toBe('suspended')
  await world.deps.admission.set(actor, 'active', null)
  for (const token of [used, unused]) expect(await codeOf(world.deps.sessions.authenticate(token))).toBe('unauthenticated')
  expect(await codeOf(enter({ ...who, iat: Math.floor(world.clock.now() / 1000) }))).toMatchObject({ answer: { number: actor.number } })
})

test('logging out everywhere ends tokens never seen here', async () => {
  const who = stranger()
  const unused = await sign({ ...who, jti: 'unused' })
  const actor = await enter(who)
  await world.clock.advance(1000)
  await world.deps.sessions.endAll(actor.number)
  expect(await codeOf(world.deps.sessions.authenticate(unused))).toBe('unauthenticated')
})

test('without an issuer no token but ours is anybody’s', async () => {
  await using closed = await openWorld()
  expect(await codeOf(closed.deps.sessions.authenticate(await sign(stranger())))).toBe('unauthenticated')
})
