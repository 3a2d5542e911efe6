import { describe, expect, test } from 'bun:test'
import { type ServerSentEvent, serverSentEvents } from '../src/server-sent-events.ts'

const cut = (text: string, size: number): ReadableStream<Uint8Array> => {
  const all = new TextEncoder().encode(text)
  const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size))
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
}
const read = async (body: ReadableStream<Uint8Array>): Promise<ServerSentEvent[]> => await Array.fromAsync(serverSentEvents(body))

describe('a stream of server-sent events', () => {
  const text = 'retry: 1000\n\nid: e.1\ndata: {"a":"äöü🎉"}\n\n:\n\nevent: bye\ndata: {"b":1}\n\n'
  const events = [
    { id: null, name: 'message', data: null },
    { id: 'e.1', name: 'message', data: '{"a":"äöü🎉"}' },
    { id: null, name: 'message', data: null },
    { id: null, name: 'bye', data: '{"b":1}' },
  ]

  test('reads the same however it is cut', async () => {
    for (let size = 1; size <= text.length; size++) expect(await read(cut(text, size))).toEqual(events)
  })

  test('reads both line breaks that are written', async () => {
    expect(await read(cut(text.replaceAll('\n', '\r\n'), 3))).toEqual(events)
  })

  test('puts the lines of a datum together, and drops an event that was cut off', async () => {
    expect(await read(cut('data: one\ndata: two\n\ndata: thr', 5))).toEqual([{ id: null, name: 'message', data: 'one\ntwo' }])
  })

  test('is no place to fill the memory', async () => {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024).fill(120)),
    })
    expect(read(endless)).rejects.toThrow('without an end')
  })
})
