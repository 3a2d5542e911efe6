import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { OutputOf } from '@parlance/protocol'
import { codeOf, native, openWorld, type Somebody, type World } from './world.ts'

let world: World
let admin: Somebody
beforeAll(async () => {
  world = await openWorld()
  admin = await adminNamed('root')
})
afterAll(() => world[Symbol.asyncDispose]())

async function adminNamed(username: string): Promise<Somebody> {
  const { registrar, store } = world.deps
  const user = await registrar.create(
    { username: `${username}_made`, password: 'correct horse' },
    { door: native, admin: true, session: null },
  )
  const actor = {
    number: user.number,
    id: user.id,
    username: user.username,
    session: world.deps.newId(),
    expiresAt: Number.MAX_SAFE_INTEGER,
  }
  expect((await store.users.byNumber(user.number))?.admin).toBe(true)
  const like = await world.somebody(username)
  return {
    actor,
    ask: (name, input, call) => like.ask(name, input, { actor, ...call }),
    refused: (name, input, call) => like.refused(name, input, { actor, ...call }),
  }
}

const register = (username: string) => world.nobody.ask('accounts.register', { username, password: 'correct horse' })
const login = (username: string) => codeOf(world.nobody.ask('accounts.login', { username, password: 'correct horse' }))
const refresh = ({ refresh_token }: OutputOf<'accounts.login'>) =>
  codeOf(world.nobody.ask('accounts.refresh', { refresh_token: refresh_token ?? '' }))
const authenticate = ({ access_token }: OutputOf<'accounts.login'>) => codeOf(world.deps.sessions.authenticate(access_token))

test('a suspended person has no token, no refresh and no login any more, from the answer on', async () => {
  const sue = await register('sue')
  await authenticate(sue)
  const before = world.heard.length
  await admin.ask('users.suspend', { user: 'name:sue' })
  expect(await authenticate(sue)).toBe('suspended')
  expect(await refresh(sue)).toBe('suspended')
  expect(await login('sue')).toBe('suspended')
  expect(world.heard.slice(before)).toMatchObject([
    { kind: 'user', type: 'user.suspended' },
    { kind: 'revoked', session: null, reason: 'suspended' },
  ])
})

test('a restored person signs in anew: what was open before stays closed', async () => {
  const rob = await register('rob')
  await admin.ask('users.suspend', { user: rob.user.id })
  await admin.ask('users.restore', { user: rob.user.id })
  expect(await authenticate(rob)).toBe('unauthenticated')
  expect(await refresh(rob)).toBe('invalid_refresh')
  const again = await world.nobody.ask('accounts.login', { username: 'rob', password: 'correct horse' })
  expect(await authenticate(again)).toMatchObject({ answer: { username: 'rob' } })
})

test('doing it twice changes nothing and tells nobody', async () => {
  const tim = await register('tim')
  await admin.ask('users.restore', { user: tim.user.id })
  await admin.ask('users.suspend', { user: tim.user.id })
  const before = world.heard.length
  await admin.ask('users.suspend', { user: tim.user.id })
  expect(world.heard.length).toBe(before)
})

test('only admins may, whatever the gate let through, and nobody to themselves', async () => {
  const mel = await world.somebody('mel')
  for (const user of ['name:sue', 'me']) expect([user, await mel.refused('users.suspend', { user })]).toEqual([user, 'forbidden'])
  expect(await admin.refused('users.suspend', { user: 'me' })).toBe('forbidden')
  expect(await admin.refused('users.suspend', { user: 'name:nobody' })).toBe('not_found')
  expect(await admin.refused('users.restore', { user: world.deps.newId() })).toBe('not_found')
})

test('an admin gets around the question for their own password in no way', async () => {
  const password = 'told by phone'
  for (const user of ['me', admin.actor.id]) {
    expect(await admin.refused('users.set_password', { user, password })).toBe('forbidden')
    expect(await admin.refused('users.reset_link', { user })).toBe('forbidden')
    expect(await admin.refused('users.delete', { user, messages: 'keep' })).toBe('forbidden')
  }
  expect((await admin.ask('accounts.me', {})).id).toBe(admin.actor.id)
})

test('of two admins who suspend each other at once one stays', async () => {
  const [one, other] = [await adminNamed('one'), await adminNamed('other')]
  const answers = await Promise.all([
    codeOf(one.ask('users.suspend', { user: other.actor.id })),
    codeOf(other.ask('users.suspend', { user: one.actor.id })),
  ])
  expect(answers.filter((answer) => answer === 'forbidden')).toHaveLength(1)
})

test('what another node remembers of the login is over within a second', async () => {
  const nora = await register('nora')
  const actor = await world.deps.sessions.authenticate(nora.access_token)
  const there = world.elsewhere({ ...admin, actor })
  await there.ask('users.suspend', { user: nora.user.id }, { actor: admin.actor })
  await world.clock.advance(1000)
  expect(await authenticate(nora)).toBe('suspended')
})
