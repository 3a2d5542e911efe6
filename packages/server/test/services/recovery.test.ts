import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import type { Mail } from '../../src/mail/mailer.ts'
import { codeOf, faultsOf, openWorld, type World } from './world.ts'

let world: World
const mails: Mail[] = []
beforeAll(async () => {
  const mailer = {
    post: (mail: Mail) => mails.push(mail) > 0,
    idle: () => Promise.resolve(),
    hurry: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  world = await openWorld({ mailer })
})
afterAll(() => world[Symbol.asyncDispose]())

const password = 'correct horse'
const register = (username: string, email = '') => world.nobody.ask('accounts.register', { username, password, email })
const login = (username: string, typed: string) => world.nobody.refused('accounts.login', { username, password: typed })
const redeem = (token: string, to = 'battery staple') => world.nobody.ask('recovery.redeem', { token, password: to })

/** The links mailed by these requests. */
async function requested(...names: string[]): Promise<string[]> {
  mails.length = 0
  for (const username of names) await world.nobody.ask('recovery.request', { username })
  // Nobody waits for a mail: what was begun is done when a later write of the same kind is.
  await codeOf(world.nobody.ask('users.reset_link', { user: 'name:last' }))
  await world.deps.store.queue.drain()
  return mails.map(({ text }) => /#([\w-]+)/.exec(text)?.[1] ?? '')
}

describe('a forgotten password', () => {
  beforeAll(async () => void (await register('last')))

  test('is replaced by the link that was mailed, once, and every session ends', async () => {
    const session = await register('ann', 'Ann@example.org')
    const [token = ''] = await requested('ANN@example.org')
    expect(mails).toMatchObject([{ to: 'Ann@example.org' }])
    expect(mails[0]?.text).toContain('https://chat.example.org/reset#')
    expect(await faultsOf(redeem(token, 'short'))).toEqual(['/password'])
    await redeem(token)
    expect(await codeOf(world.deps.sessions.authenticate(session.access_token))).toBe('unauthenticated')
    expect(await login('ann', password)).toBe('invalid_credentials')
    expect((await world.nobody.ask('accounts.login', { username: 'ann', password: 'battery staple' })).user.username).toBe('ann')
    expect(await codeOf(redeem(token, 'a third one'))).toBe('invalid_link')
  })

  test('is asked for by name too, and nothing is mailed where there is nobody or no address', async () => {
    await register('bob', 'bob@example.org')
    await register('addressless')
    const other = await world.nobody.ask('accounts.register', { username: 'shown', password, email: 'bob@example.org' }, { door: sharing })
    expect(other.user.email).toBe('bob@example.org')
    await requested('bob', 'addressless', 'nobody', 'nobody@example.org', 'shown')
    expect(mails.map(({ to }) => to)).toEqual(['bob@example.org'])
  })

  test('has three links at most, and one of them ends the others', async () => {
    await register('cy', 'cy@example.org')
    const tokens = await requested('cy', 'cy', 'cy', 'cy', 'cy')
    expect(tokens).toHaveLength(3)
    await redeem(tokens[2] ?? '')
    for (const token of tokens) expect(await codeOf(redeem(token))).toBe('invalid_link')
  })

  test('has no link after an hour, a change of the password or of the address', async () => {
    const session = await register('dee', 'dee@example.org')
    const actor = await world.deps.sessions.authenticate(session.access_token)
    const [late = ''] = await requested('dee')
    await world.clock.advance(3_600_000)
    expect(await codeOf(redeem(late))).toBe('invalid_link')
    const [before = ''] = await requested('dee')
    await world.nobody.ask('accounts.password', { current: password, password: 'another one' }, { actor })
    expect(await codeOf(redeem(before))).toBe('invalid_link')
    const [former = ''] = await requested('dee')
    await world.nobody.ask('accounts.update', { email: 'new@example.org' }, { actor })
    expect(await codeOf(redeem(former))).toBe('invalid_link')
  })

  test('has one link of an admin, in the place of all others', async () => {
    await register('eve', 'eve@example.org')
    const [mailed = ''] = await requested('eve')
    const made = async () => (await world.nobody.ask('users.reset_link', { user: 'name:eve' })).url.split('#')[1] ?? ''
    const [first, second] = [await made(), await made()]
    for (const token of [mailed, first]) expect(await codeOf(redeem(token))).toBe('invalid_link')
    const answers = await Promise.all(Array.from({ length: 10 }, () => codeOf(redeem(second))))
    expect(answers.filter((answer) => answer === 'invalid_link')).toHaveLength(9)
    expect(await world.nobody.refused('users.reset_link', { user: 'name:nobody' })).toBe('not_found')
  })

  test('is asked for in no time, whoever exists: the answer does not wait for a look', async () => {
    const asked = spyOn(world.deps.store.users, 'byNameKey').mockImplementation(() => new Promise(() => undefined))
    expect(await world.nobody.ask('recovery.request', { username: 'ann' })).toBeNull()
    expect(asked).toHaveBeenCalledTimes(1)
    asked.mockRestore()
  })

  test('is not replaced by a guess', async () => {
    for (const token of ['x', 'A'.repeat(32), 'A'.repeat(100), '–'.repeat(32)]) expect(await codeOf(redeem(token))).toBe('invalid_link')
  })
})

const sharing = {
  dia: 'older',
  passwordMin: 1,
  sharedEmail: true,
  anyUsername: true,
  tokens: { access: 300, refresh: 3600 },
}
