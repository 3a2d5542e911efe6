import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { openWorld, password, type World } from '../harness/world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

type Page = {
  said(): string
  isOver(): boolean
  address(): string
  choices: Map<string, string>
  submit(fields: Record<string, string>): Promise<void>
}

/** Runs the script of a page as a browser would that has the link open; requests go to the server. */
async function open(link: string): Promise<Page> {
  const { pathname, hash } = new URL(link, world.server.url)
  const html = await (await world.rest.raw('GET', pathname)).text()
  const source = /<script src="([^"]+)"/.exec(html)?.[1] ?? ''
  const script = await (await world.rest.raw('GET', source)).text()
  const values = new Map<string, { value: string }>()
  for (const [, name = ''] of html.matchAll(/<(?:input|select)[^>]* ?name="([^"]+)"/g))
    values.set(name, { value: name === 'account' ? 'old' : '' })
  let submitted = (_: { preventDefault(): void }): Promise<void> => Promise.resolve()
  let address = pathname + hash
  const said = { textContent: '' }
  const form = {
    hidden: false,
    dataset: { action: /data-action="(\w+)"/.exec(html)?.[1] },
    elements: { namedItem: (name: string) => values.get(name) },
    querySelector: () => ({ disabled: false }),
    addEventListener: (_: string, listener: typeof submitted) => {
      submitted = listener
    },
  }
  const document = { querySelector: (what: string) => (what === 'form' ? form : said), getElementById: () => ({ hidden: false }) }
  const history = { replaceState: (_: unknown, __: string, to: string) => void (address = to) }
  const forward = (path: string, init: { method: string; headers: Record<string, string>; body: string }) => {
    const { method, ...rest } = init
    return world.rest.raw(method, path, rest)
  }
  // oxlint-disable-next-line no-implied-eval, no-new-func, typescript/no-implied-eval -- a script of our own, with what it takes from a browser
  const run = new Function('document', 'location', 'history', 'fetch', script) as (...given: unknown[]) => void
  run(document, { hash, pathname }, history, forward)
  if (pathname === '/invite') await eventually(() => said.textContent !== '')
  return {
    said: () => said.textContent,
    isOver: () => form.hidden,
    address: () => address,
    choices: new Map([...values].map(([name, { value }]) => [name, value])),
    async submit(fields) {
      for (const [name, value] of Object.entries(fields)) Object.assign(values.get(name) ?? {}, { value })
      await submitted({ preventDefault: () => undefined })
    },
  }
}

const house = () => world.server.running.house
const asOperator = { operator: true, actor: null, lane: null, requestId: 'test', address: 'test' } as const

describe.each(['/reset', '/invite'])('the page %s', (path) => {
  test('loads only files of this server, runs nothing inline and is kept nowhere', async () => {
    const response = await world.rest.raw('GET', path)
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self';")
    const html = await response.text()
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|https?:/)
    for (const [, file = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) expect((await world.rest.raw('GET', file)).status).toBe(200)
  })
})

describe('the link to a new password', () => {
  test('sets it, once, and leaves the address at once', async () => {
    const ann = await world.person('ann')
    const { door } = (await import('../../src/dialects/native/native.ts')).native({ access: 900, refresh: 900 })
    const { url } = await house().handlers['users.reset_link']({ ...asOperator, door }, { user: ann.id })
    const page = await open(url)
    expect(page.address()).toBe('/reset')
    await page.submit({ password: 'battery staple', again: 'battery stable' })
    expect(page.said()).toContain('differ')
    await page.submit({ password: 'short', again: 'short' })
    expect([page.said(), page.isOver()]).toEqual([expect.stringContaining('password: At least 8 characters.') as string, false])
    await page.submit({ password: 'battery staple', again: 'battery staple' })
    expect(page.isOver()).toBe(true)
    expect((await world.rest.call('accounts.login', { username: ann.username, password: 'battery staple' })).user.id).toBe(ann.id)
    const again = await open(url)
    await again.submit({ password: 'battery staple', again: 'battery staple' })
    expect([again.said(), again.isOver()]).toEqual([expect.stringContaining('not good any more') as string, true])
  })
})

describe('an invitation', () => {
  test('says what it is for and brings in who has an account, or makes one, and leaves nobody signed in', async () => {
    const [ann, bob] = [await world.person('ann'), await world.person('bob')]
    const room = await world.group([ann])
    const { url } = await world.rest.call('invites.create', { room, max_uses: 2 }, ann)
    const page = await open(url)
    expect([page.address(), page.said()]).toEqual(['/invite', `${ann.username} invites you to a group (1 member).`])
    await page.submit({ username: bob.username, password: 'wrong' })
    expect(page.isOver()).toBe(false)
    await page.submit({ username: bob.username, password })
    expect(page.isOver()).toBe(true)
    await (await open(url)).submit({ account: 'new', username: 'newcomer', password })
    const { items } = await world.rest.call('members.list', { room }, ann)
    expect(items.map(({ user }) => user.username)).toEqual([ann.username, bob.username, 'newcomer'])
    const { items: logins } = await world.rest.call('sessions.list', {}, bob)
    expect(logins).toHaveLength(1)
    expect((await open(url)).said()).toContain('not good any more')
  })

  test('to the server makes an account', async () => {
    const { door } = (await import('../../src/dialects/native/native.ts')).native({ access: 900, refresh: 900 })
    const { url } = await house().handlers['invites.create']({ ...asOperator, door }, {})
    const page = await open(url)
    expect([page.said(), page.choices.get('account')]).toEqual(['You are invited to register here.', 'new'])
    await page.submit({ username: 'registered', password })
    expect((await world.rest.call('accounts.login', { username: 'registered', password })).user.username).toBe('registered')
  })
})
