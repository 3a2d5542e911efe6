import { expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import { codeOf } from '../services/world.ts'
import { openNode } from './node.ts'

const quiet = { lose: 0, repeat: 0, delay: 0 }

test('a suspension whose notice the bus lost is found in the log', async () => {
  await using node = await openNode(1, quiet)
  const call = await node.person('ada')
  const heard: string[] = []
  await node.view(call, null, { revoked: (reason) => heard.push(reason) })
  // Written, and told to nobody.
  await node.store.queue.write('users.admit', { user: call.actor.number, by: null, state: 'suspended', at: 0 })
  expect(heard).toEqual([])
  await node.heal()
  expect(heard).toEqual(['suspended'])
})

test('a login that ended before the hub knew of the seat does not get in: the seat asks once it is known', async () => {
  await using node = await openNode(2, quiet)
  const call = await node.person('bob')
  const entering = node.view(call, null, { confirm: () => Promise.reject(new ChatError('suspended')) })
  expect(await codeOf(entering)).toBe('suspended')
})

test.each([
  { what: 'has just ended', error: new ChatError('unauthenticated'), heard: ['ended'], code: undefined },
  { what: 'is of somebody suspended', error: new ChatError('suspended'), heard: ['suspended'], code: undefined },
  { what: 'nobody can tell of at the moment', error: new Error('no database'), heard: [], code: 4408 },
])('a renewal with a login that $what does not go on', async ({ error, heard: expected, code }) => {
  await using node = await openNode(3, quiet)
  const call = await node.person('eve')
  const heard: string[] = []
  const confirm = ({ session }: { session: string }) => (session === call.actor.session ? Promise.resolve() : Promise.reject(error))
  const { seat, wire } = await node.view(call, null, { revoked: (reason) => heard.push(reason), confirm })
  seat.renew({ ...call.actor, session: 'another' })
  await Promise.resolve()
  await Promise.resolve()
  expect(heard).toEqual([...expected])
  expect(wire.closedWith?.code).toBe(code)
})
