import { describe, expect, test } from 'bun:test'
import { ChatError } from '@parlance/protocol'
import fc from 'fast-check'
import { eventually } from '../../server/test/harness/eventually.ts'
import type { Outgoing } from '../src/index.ts'
import type { Behaviour } from './peer/fake-peer.ts'
import { scene, statuses } from './peer/scene.ts'

const contents = (messages: { content: string }[]) => messages.map(({ content }) => content)

describe('a sent message', () => {
  test('is acknowledged with what it became', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    const told: Outgoing['state'][] = []
    client.on('outbox', ({ state }) => void told.push(state))
    const { message, dup } = await client.send(stage.hall.id, 'hello')
    expect([message.content, message.n, dup]).toEqual(['hello', 1, false])
    expect(message.cid).toMatch(/^[\w-]{1,64}$/)
    expect(told).toEqual(['waiting', 'sending', 'sent'])
    expect(client.unsent).toEqual([])
  })

  test('waits while the server is away, in its place, and arrives once', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    await stage.peer.stop()
    const sends = ['one', 'two', 'three'].map((text) => client.send(stage.hall.id, text))
    await eventually(() => client.status.state === 'waiting' && client.status.attempt > 2)
    expect(client.unsent.map(({ input, attempts }) => [input.content, attempts > 0])).toEqual([
      ['one', true],
      ['two', false],
      ['three', false],
    ])
    stage.peer.restart()
    await Promise.all(sends)
    expect(contents(stage.hall.messages)).toEqual(['one', 'two', 'three'])
  })

  test.each(['silent', 'cut'] as const)('whose acknowledgement is lost (%s) is found again by its cid', async (loss) => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    let losses = 0
    stage.peer.behave = ({ op }) => (op === 'messages.send' && losses++ === 0 ? loss : 'answer')
    const sent = client.send(stage.hall.id, { content: 'hello', cid: 'mine' })
    await eventually(() => losses > 0)
    if (loss === 'silent') stage.peer.cut()
    expect(await sent).toMatchObject({ dup: true, message: { cid: 'mine' } })
    expect(contents(stage.hall.messages)).toEqual(['hello'])
  })

  test('is tried again after the time it is told', async () => {
    await using stage = scene()
    const waits: number[] = []
    const client = await stage.connected(stage.alice, {
      platform: {
        setTimeout: (task, ms) => {
          waits.push(ms)
          return setTimeout(task, ms === 777 ? 20 : ms)
        },
        random: () => 0,
      },
    })
    let refusals = 0
    stage.peer.behave = ({ op }) => (op === 'messages.send' && refusals++ < 2 ? new ChatError('rate_limited', { retry_ms: 777 }) : 'answer')
    await client.send(stage.hall.id, 'patience')
    expect(waits.filter((ms) => ms === 777)).toEqual([777, 777])
  })

  test('is not tried before the time it is told, even on a new connection', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    let tries = 0
    stage.peer.behave = ({ op }) => (op === 'messages.send' && tries++ === 0 ? new ChatError('rate_limited', { retry_ms: 300 }) : 'answer')
    const sent = client.send(stage.hall.id, 'patience')
    await eventually(() => client.unsent[0]?.error !== undefined)
    const seen = statuses(client)
    stage.peer.cut()
    await eventually(() => seen.some(({ state }) => state === 'ready'))
    await client.call('accounts.me', {})
    expect(tries).toBe(1)
    await sent
    expect(tries).toBe(2)
  })

  test('that is definitely refused lets the next one go', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.behave = ({ input }) => (input.content === 'bad' ? new ChatError('invalid_input') : 'answer')
    const outcomes = await Promise.allSettled(['good', 'bad', 'better'].map((text) => client.send(stage.hall.id, text)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(contents(stage.hall.messages)).toEqual(['good', 'better'])
  })

  test('does not wait for another room', async () => {
    await using stage = scene()
    const other = stage.peer.world.addHall(stage.alice, 'group')
    const client = await stage.connected(stage.alice)
    stage.peer.behave = ({ op, input }) => (op === 'messages.send' && input.room === other.id ? 'silent' : 'answer')
    const stuck = client.send(other.id, 'stuck').catch((error: unknown) => error)
    await client.send(stage.hall.id, 'free')
    expect(client.unsent.map(({ room }) => room)).toEqual([other.id])
    client.discard(client.unsent[0]?.cid ?? '')
    expect(await stuck).toMatchObject({ code: 'unknown_outcome' })
  })

  test('is refused at once when too many wait already', async () => {
    await using stage = scene()
    const client = stage.client({ outboxCapacity: 2 })
    await client.login('alice', 'alice-password')
    await stage.peer.stop()
    const waiting = [client.send('name:hall', '1'), client.send('name:hall', '2')].map((sent) => sent.catch((error: unknown) => error))
    expect(client.send('name:hall', '3')).rejects.toMatchObject({ code: 'overloaded' })
    await client[Symbol.asyncDispose]()
    expect(await Promise.all(waiting)).toMatchObject([{ code: 'unknown_outcome' }, { code: 'unknown_outcome' }])
  })

  test('waits for its sender to sign in again, and is dropped for anybody else', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.accounts.revokeAll()
    stage.peer.close(4401)
    await eventually(() => client.session === null)
    const mine = client.send(stage.hall.id, 'later')
    await eventually(() => (client.unsent[0]?.attempts ?? 0) > 1)
    await client.login('alice', 'alice-password')
    expect((await mine).message.sender.username).toBe('alice')

    stage.peer.accounts.revokeAll()
    const lost = client.send(stage.hall.id, 'never').catch((error: unknown) => error)
    await eventually(() => client.session === null)
    await client.login('bob', 'bob-password')
    expect(await lost).toMatchObject({ code: 'unknown_outcome' })
    expect(contents(stage.hall.messages)).toEqual(['later'])
  })

  test.each(['logs out', 'disposes of the client'] as const)(
    'that waits behind another one is not sent when its sender %s',
    async (end) => {
      await using stage = scene()
      const client = await stage.connected(stage.alice)
      let asked = 0
      stage.peer.behave = ({ op }) => {
        if (op !== 'messages.send') return 'answer'
        asked += 1
        return new ChatError('rate_limited', { retry_ms: 60_000 })
      }
      const sends = ['one', 'two', 'three'].map((text) => client.send(stage.hall.id, text).catch((error: ChatError) => error.code))
      await eventually(() => client.unsent[0]?.error !== undefined)
      if (end === 'logs out') await client.logout()
      else await client[Symbol.asyncDispose]()
      expect(await Promise.all(sends)).toEqual(['unknown_outcome', 'unknown_outcome', 'unknown_outcome'])
      await eventually(() => client.status.state === 'offline')
      expect([asked, client.unsent]).toEqual([1, []])
    },
  )

  test('that waits behind another one is never said by somebody else', async () => {
    await using stage = scene()
    const client = await stage.connected(stage.alice)
    stage.peer.accounts.revokeAll()
    stage.peer.close(4401)
    await eventually(() => client.session === null)
    const lost = ['mine', 'mine, too'].map((text) => client.send(stage.hall.id, text).catch(() => 'lost'))
    await eventually(() => client.unsent[0]?.error !== undefined)
    await client.login('bob', 'bob-password')
    expect(await Promise.all(lost)).toEqual(['lost', 'lost'])
    await client.send(stage.hall.id, 'hello')
    expect(stage.hall.messages.map(({ sender, content }) => `${sender.username}: ${content}`)).toEqual(['bob: hello'])
  })
})

const troubles: fc.Arbitrary<Behaviour> = fc.constantFrom<Behaviour[]>(
  'answer',
  'answer',
  'cut',
  new ChatError('overloaded', { retry_ms: 1 }),
  new ChatError('rate_limited', { retry_ms: 2 }),
  new ChatError('unknown_outcome'),
  new ChatError('internal'),
)

test('messages arrive once and in their order whatever becomes of the requests and their answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(troubles, { minLength: 5, maxLength: 20, size: 'max' }), async (script) => {
      await using stage = scene()
      const client = await stage.connected(stage.alice)
      const left = [...script]
      stage.peer.behave = ({ op }) => (op === 'messages.send' ? (left.shift() ?? 'answer') : 'answer')
      const texts = Array.from({ length: 8 }, (_, index) => `m${index}`)
      const acks = await Promise.all(texts.map((text) => client.send(stage.hall.id, text)))
      expect(acks.map(({ message }) => message.content)).toEqual(texts)
      expect(contents(stage.hall.messages)).toEqual(texts)
    }),
    { numRuns: 15 },
  )
}, 60_000)
