import { afterAll, expect, test } from 'bun:test'
import { createOlderClient } from '../harness/older-client.ts'
import type { Difference, Recording } from './recording.ts'
import { replay } from './replayer.ts'

/** A server that gives each socket its own texts back, and what else the test makes it say. */
let besides: (message: string) => object[] = () => []
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request, self) => (self.upgrade(request) ? undefined : Response.json({ answer: 42 }, { headers: { allow: 'GET' } })),
  websocket: {
    message(socket, text) {
      const { message } = JSON.parse(String(text)) as { message: string }
      for (const frame of [{ message }, ...besides(message)]) socket.send(JSON.stringify(frame))
    },
  },
})
afterAll(() => server.stop(true))

const recording: Recording = {
  system: 'echo',
  ids: [],
  steps: [
    {
      kind: 'http',
      title: 'ask',
      method: 'GET',
      path: '/',
      response: { status: 200, type: 'application/json;charset=utf-8', headers: { Allow: 'GET' }, body: { answer: 42 } },
    },
    { kind: 'connect', title: 'connect', socket: 'x', path: '/', result: 'open' },
    { kind: 'receive', title: 'nothing yet', socket: 'x', frames: [], closed: null },
    { kind: 'send', title: 'say', socket: 'x', json: { message: 'hi' } },
    { kind: 'receive', title: 'hear', socket: 'x', frames: [{ message: 'hi' }], closed: null },
  ],
}
const play = (changed: Recording = recording, differences: Difference[] = []) =>
  replay(changed, { client: createOlderClient(server.url.origin), differences, marker: (message) => ({ message }) })

const replaced = (index: number, step: object): Recording => ({
  ...recording,
  steps: recording.steps.map((one, i) => (i === index ? ({ ...one, ...step } as typeof one) : one)),
})

test('a server that answers as recorded has no differences', async () => {
  besides = () => []
  const { steps, unlisted, compared } = await play()
  expect([steps, unlisted]).toEqual([5, []])
  expect(compared).toBeGreaterThan(5)
})

test('a frame that should not be there is found, without waiting for it', async () => {
  besides = (message) => (message === 'hi' ? [{ message: 'unasked' }] : [])
  const { unlisted } = await play()
  expect(unlisted).toEqual([{ step: 'hear', at: '/frames/1', recorded: undefined, ours: { message: 'unasked' } }])
  besides = () => []
})

test('another status, header, body or handshake is found', async () => {
  const answer = { status: 201, type: 'text/html', headers: { Allow: 'POST' }, body: { answer: 41 } }
  const { unlisted } = await play(replaced(0, { response: answer }))
  expect(unlisted.map(({ at }) => at)).toEqual(['/status', '/type', '/headers/Allow', '/body/answer'])
  expect((await play({ ...recording, steps: [{ ...recording.steps[1], result: 403 } as (typeof recording.steps)[0]] })).unlisted).toEqual([
    { step: 'connect', at: '/result', recorded: 403, ours: 101 },
  ])
})

test('a listed difference is reported with its reason, one that does not show as out of date', async () => {
  const because = 'the question was another'
  const listed: Difference = { step: 'ask', at: '/body/answer', recorded: 41, ours: 42, because }
  const found = await play(
    replaced(0, { response: { status: 200, type: 'application/json;charset=utf-8', headers: {}, body: { answer: 41 } } }),
    [listed],
  )
  expect([found.unlisted, found.listed, found.stale]).toEqual([[], [{ step: 'ask', at: '/body/answer', because }], []])
  expect((await play(recording, [listed])).stale).toEqual([listed])
})
