import { describe, expect, test } from 'bun:test'
import {
  closeCodes,
  down,
  eventList,
  findOperation,
  limits,
  operationList,
  Problem,
  protocolVersion,
  subprotocol,
  up,
} from '@parlance/protocol'
import { blocks, guide, table } from './harness/guide.ts'
import { checkAgainst, readFrame } from './harness/schemas.ts'

const json = blocks.filter(({ language }) => language === 'json')
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const frames = (side: string) => json.filter(({ words }) => words[0] === side)

describe('the examples of the guide', () => {
  test.each(frames('down'))('$words fit the published frames', ({ words, text }) => {
    const kinds = lines(text).map((line) => readFrame(line).kind as string)
    expect([...new Set(kinds)]).toEqual(words.slice(1))
  })

  test.each(frames('up'))('$words fit the published frames', ({ words, text }) => {
    const kinds = lines(text).map((line) => {
      const frame = JSON.parse(line) as Record<string, unknown>
      const kind = frame.op === undefined ? (Object.keys(frame)[0] as keyof typeof up) : 'op'
      checkAgainst(up[kind], frame, line)
      const operation = typeof frame.op === 'string' ? findOperation(frame.op) : undefined
      if (operation) checkAgainst(operation.in, frame.in, line)
      return kind as string
    })
    expect([...new Set(kinds)]).toEqual(words.slice(1))
  })

  test('show every frame there is', () => {
    const shown = (side: string) => frames(side).flatMap(({ words }) => words.slice(1))
    expect(shown('up').sort()).toEqual(Object.keys(up).sort())
    expect(shown('down').sort()).toEqual(Object.keys(down).sort())
  })

  test('of problems and answers fit too', () => {
    for (const { words, text } of json) {
      if (words[0] === 'problem') checkAgainst(Problem, JSON.parse(text), 'a problem')
      const operation = words[0] === 'out' ? findOperation(words[1] ?? '') : undefined
      if (operation) checkAgainst(operation.out, JSON.parse(text), words[1] ?? '')
    }
    expect(json.map(({ words }) => words[0])).toContainValues(['up', 'down', 'problem', 'out'])
  })
})

describe('the tables of the guide', () => {
  test('list every operation with its method, path and purpose, and no other', () => {
    const expected = operationList().map(([name, { method, path, summary }]) => [name, `${method} ${path}`, summary])
    expect(table('| operation | HTTP | what it does |')).toEqual(expected)
  })

  test('list every event that is kept, and no other', () => {
    const expected = eventList().flatMap(([name, { scope, summary }]) => (scope === 'ephemeral' ? [] : [[name, summary]]))
    expect(table('| event | means |')).toEqual(expected)
  })

  test('list every close code with its verdict, and no other', () => {
    const expected = Object.entries(closeCodes).map(([code, { name, verdict, text }]) => [code, name, verdict, text])
    expect(table('| code | name | verdict | meaning |')).toEqual(expected)
  })

  test('list every limit with its value, and no other', () => {
    const told = table('| limit | value | bounds |').map(([name, value]) => [name, Number(value)])
    expect(told).toEqual(Object.entries(limits))
  })
})

test('the numbers in the text of the guide are those of the protocol', () => {
  const text = guide.replaceAll(/\s+/g, ' ')
  const seconds = (ms: number) => `${ms / 1000} seconds`
  const sentences = [
    `the whole native API, version ${protocolVersion}:`,
    `the subprotocol \`${subprotocol}\``,
    `1 to ${limits.cid_chars} of \`A-Z a-z 0-9 _ -\``,
    `up to ${limits.meta_bytes.toLocaleString('en')} bytes, kept`,
    `\`limit\` (1 to ${limits.page_max}, ${limits.page_default} by default)`,
    `always oldest first, up to ${limits.history_max} at once`,
    `The first frame must be \`hello\`, within ${seconds(limits.hello_ms)}`,
    `you name the rooms you keep (${limits.resume_rooms} at most`,
    `replays up to ${limits.replay_room_events} events a room and ${limits.replay_events.toLocaleString('en')} (or ${limits.replay_bytes / 1024 / 1024} MiB)`,
    `${limits.in_flight} calls may wait at once`,
    `large rooms** (above ${limits.large_room} members)`,
    `ends by itself after ${seconds(limits.typing_ms)}`,
    `The server sends something every ${seconds(limits.heartbeat_ms)}`,
    `A comment comes every ${seconds(limits.stream_comment_ms)}; after ${seconds(limits.silence_ms)} of silence`,
    `in \`open\` (at most ${limits.stream_rooms})`,
    `in \`watch\` (at most ${limits.stream_watch})`,
    `One user may have ${limits.user_streams} streams`,
    `after ${seconds(limits.silence_ms)} without anything`,
  ]
  for (const sentence of sentences) expect(text).toContain(sentence)
})
