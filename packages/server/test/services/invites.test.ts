import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { InputOf } from '@parlance/protocol'
import { codeOf, faultsOf, older, openWorld, type Somebody, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const password = 'correct horse'

async function group(owner: Somebody, policy: InputOf<'rooms.create'>['policy'] = {}): Promise<string> {
  return (await owner.ask('rooms.create', { kind: 'group', title: 'Reading', description: 'Books', policy })).room.id
}
const operator = { operator: true } as const
const makeAdmin = ({ actor }: Somebody, where = world) => {
  using database = new Database(where.file)
  database.run('update users set admin = 1 where number = ?', [actor.number])
}

describe('an invitation into a room', () => {
  test('shows its holder what it is for, and makes a member in the name of its maker', async () => {
    const [ann, bob] = [await world.somebody('ann'), await world.somebody('bob')]
    const room = await group(ann)
    const { invite, code, url } = await ann.ask('invites.create', { room })
    expect(invite).toMatchObject({ room, role: 'member', by: { username: 'ann' }, uses: 0, max_uses: 1 })
    expect(Date.parse(invite.expires_at) - Date.parse(invite.created_at)).toBe(7 * 86_400_000)
    expect(url).toBe(`https://chat.example.org/invite#${code}`)
    expect(await world.nobody.ask('invites.preview', { code })).toEqual({
      room: { id: room, kind: 'group', name: null, title: 'Reading', description: 'Books', members: 1 },
      ...{ role: 'member', by: { id: ann.actor.id, username: 'ann' }, expires_at: invite.expires_at, registers: false },
    })
    expect(await bob.ask('invites.redeem', { code })).toMatchObject({ id: room, members: 2, me: { role: 'member' } })
    expect(world.eventsOf(room).at(-1)).toMatchObject({ type: 'member.joined', actor: { username: 'ann' }, subject: { username: 'bob' } })
    // Who is in already is in, though it is used up; for others it is like one that never was.
    const cy = await world.somebody('cy')
    for (const wrong of [code, 'A'.repeat(32), 'x']) {
      expect(await cy.refused('invites.redeem', { code: wrong })).toBe('invalid_link')
      expect(await world.nobody.refused('invites.preview', { code: wrong })).toBe('invalid_link')
    }
  })

  test('is made by those who may bring people, and for admins by those who may make them', async () => {
    const [owner, admin, member, stranger] = [
      await world.somebody('owner'),
      await world.somebody('admin'),
      await world.somebody('member'),
      await world.somebody('stranger'),
    ]
    const room = await group(owner)
    await owner.ask('members.add', { room, user: admin.actor.id, role: 'admin' })
    await owner.ask('members.add', { room, user: member.actor.id })
    const made = (who: Somebody, role: 'admin' | 'member') => codeOf(who.ask('invites.create', { room, role }))
    expect([await made(admin, 'admin'), await made(member, 'member'), await made(stranger, 'member')]).toEqual([
      'forbidden',
      'forbidden',
      'not_found',
    ])
    const { code } = await owner.ask('invites.create', { room, role: 'admin' })
    expect(await stranger.ask('invites.redeem', { code })).toMatchObject({ me: { role: 'admin' } })
    const pair = (await owner.ask('rooms.direct', { user: member.actor.id })).room.id
    expect(await owner.refused('invites.create', { room: pair })).toBe('forbidden')
  })

  test('is no good any more when its maker may not bring people', async () => {
    const [owner, admin, comer] = [await world.somebody('owner2'), await world.somebody('admin2'), await world.somebody('comer2')]
    const room = await group(owner)
    await owner.ask('members.add', { room, user: admin.actor.id, role: 'admin' })
    const { code } = await admin.ask('invites.create', { room, max_uses: 10 })
    await owner.ask('members.update', { room, user: admin.actor.id, role: 'member' })
    expect(await comer.refused('invites.redeem', { code })).toBe('invalid_link')
    await owner.ask('members.update', { room, user: admin.actor.id, role: 'admin' })
    await owner.ask('members.remove', { room, user: admin.actor.id })
    expect(await world.nobody.refused('invites.preview', { code })).toBe('invalid_link')
    expect(await comer.refused('invites.redeem', { code })).toBe('invalid_link')
    await owner.ask('members.add', { room, user: admin.actor.id, role: 'admin' })
    expect(await comer.ask('invites.redeem', { code })).toMatchObject({ id: room })
  })

  test('for three lets three in of a hundred who come at once', async () => {
    const owner = await world.somebody('owner3')
    const room = await group(owner)
    const { code } = await owner.ask('invites.create', { room, max_uses: 3 })
    const comers = await Promise.all(Array.from({ length: 100 }, (_, i) => world.somebody(`comer3-${i}`)))
    const answers = await Promise.all(comers.map((comer) => codeOf(comer.ask('invites.redeem', { code }))))
    expect(answers.filter((answer) => answer === 'invalid_link')).toHaveLength(97)
    expect((await owner.ask('rooms.get', { room })).members).toBe(4)
  })

  test('is listed to those who manage the room and to its maker, and taken back by them', async () => {
    const [owner, member, other] = [await world.somebody('owner4'), await world.somebody('member4'), await world.somebody('other4')]
    const room = await group(owner, { add: 'members' })
    for (const user of [member.actor.id, other.actor.id]) await owner.ask('members.add', { room, user })
    const own = await owner.ask('invites.create', { room })
    const theirs = await member.ask('invites.create', { room, max_uses: 2 })
    const listed = async (who: Somebody) => (await who.ask('invites.list', { room })).items.map(({ id }) => id)
    expect(await listed(owner)).toEqual([theirs.invite.id, own.invite.id])
    expect([await listed(member), await listed(other)]).toEqual([[theirs.invite.id], []])
    expect(JSON.stringify(await owner.ask('invites.list', { room }))).not.toContain(theirs.code)
    expect(await other.refused('invites.revoke', { invite: theirs.invite.id })).toBe('not_found')
    expect(await member.refused('invites.revoke', { invite: own.invite.id })).toBe('not_found')
    await member.ask('invites.revoke', { invite: theirs.invite.id })
    await owner.ask('invites.revoke', { invite: theirs.invite.id })
    expect([await listed(owner), await listed(member)]).toEqual([[own.invite.id], []])
    const stranger = await world.somebody('stranger4')
    expect(await stranger.refused('invites.redeem', { code: theirs.code })).toBe('invalid_link')
    expect(await stranger.refused('invites.list', { room })).toBe('not_found')
    await world.clock.advance(7 * 86_400_000)
    expect(await listed(owner)).toEqual([])
    expect(await stranger.refused('invites.redeem', { code: own.code })).toBe('invalid_link')
  })
})

describe('registration by invitation', () => {
  let closed: World
  beforeAll(async () => {
    closed = await openWorld({ registration: 'invite' })
  })
  afterAll(() => closed[Symbol.asyncDispose]())

  const register = (username: string, invite?: string) =>
    closed.nobody.ask('accounts.register', { username, password, ...(invite !== undefined && { invite }) })

  test('needs one, at older doors too', async () => {
    expect(await codeOf(register('ann'))).toBe('invite_required')
    expect(await codeOf(closed.nobody.ask('accounts.register', { username: 'ann', password }, { door: older }))).toBe('invite_required')
    expect(await codeOf(register('ann', 'A'.repeat(32)))).toBe('invalid_link')
    await using shut = await openWorld({ registration: 'off' })
    const { code } = await shut.nobody.ask('invites.create', {}, operator)
    expect(await shut.nobody.refused('accounts.register', { username: 'ann', password, invite: code })).toBe('registration_closed')
  })

  test('takes one that an admin or a command made, as often as it says', async () => {
    const { code, invite } = await closed.nobody.ask('invites.create', { max_uses: 2 }, operator)
    expect(invite).toMatchObject({ room: null, role: null, by: null })
    expect(await closed.nobody.ask('invites.preview', { code })).toMatchObject({ room: null, registers: true })
    expect((await register('bea', code)).user.username).toBe('bea')
    expect(await codeOf(register('bea', code))).toBe('username_taken')
    const answers = await Promise.all(['cy', 'dee', 'eve'].map((name) => codeOf(register(name, code))))
    expect(answers.filter((answer) => answer === 'invalid_link')).toHaveLength(2)
    const somebody = await closed.somebody('somebody')
    expect(await somebody.refused('invites.create', {})).toBe('forbidden')
    expect(await somebody.refused('invites.list', {})).toBe('forbidden')
    expect(await somebody.refused('invites.redeem', { code })).toBe('invalid_link')
    makeAdmin(somebody, closed)
    const made = await somebody.ask('invites.create', {})
    expect((await somebody.ask('invites.list', {})).items).toMatchObject([{ id: made.invite.id, by: { username: 'somebody' } }])
    expect(await faultsOf(somebody.ask('invites.create', { role: 'admin' }))).toEqual(['/role'])
    await somebody.ask('invites.revoke', { invite: made.invite.id })
    expect(await codeOf(register('fay', made.code))).toBe('invalid_link')
  })

  test('takes one into a room if an admin of the server made it, and makes a member', async () => {
    const [plain, admin] = [await closed.somebody('plain'), await closed.somebody('boss')]
    makeAdmin(admin, closed)
    const ofPlain = await plain.ask('invites.create', { room: await group(plain) })
    expect(await codeOf(register('gil', ofPlain.code))).toBe('invalid_link')
    const room = await group(admin)
    const { code } = await admin.ask('invites.create', { room })
    expect(await closed.nobody.ask('invites.preview', { code })).toMatchObject({ registers: true, room: { id: room } })
    const answers = await Promise.all(['gil', 'hal', 'ida'].map((name) => codeOf(register(name, code))))
    expect(answers.filter((answer) => answer === 'invalid_link')).toHaveLength(2)
    expect((await admin.ask('members.list', { room })).items).toHaveLength(2)
    expect(closed.eventsOf(room).at(-1)).toMatchObject({ type: 'member.joined', actor: { username: 'boss' } })
  })
})

test('where everybody may register, an invitation into a room makes a member at once', async () => {
  const owner = await world.somebody('owner5')
  const room = await group(owner)
  const { code } = await owner.ask('invites.create', { room })
  const session = await world.nobody.ask('accounts.register', { username: 'newcomer', password, invite: code })
  const actor = await world.deps.sessions.authenticate(session.access_token)
  expect((await world.nobody.ask('rooms.list', {}, { actor })).items).toMatchObject([{ room: { id: room } }])
})
