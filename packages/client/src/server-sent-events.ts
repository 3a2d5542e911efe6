/** The part of a stream of bytes that is needed here, and that every platform with streams has. */
export interface Bytes {
  getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>; cancel(): Promise<void> }
}

/** One event, or with `data` null a comment. `id` is null where the event has none. */
export type ServerSentEvent = { id: string | null; name: string; data: string | null }

/** An event longer than this is no event of this protocol. */
const maxChars = 4 * 1024 * 1024

/** Reads a stream of server-sent events to its end. Leaving the loop early cancels the stream. */
export async function* serverSentEvents(body: Bytes): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      rest += decoder.decode(value, { stream: true })
      // A \r at the end may be half a line break.
      const complete = rest.endsWith('\r') ? rest.slice(0, -1) : rest
      const blocks = complete.replaceAll('\r\n', '\n').split('\n\n')
      rest = (blocks.pop() ?? '') + rest.slice(complete.length)
      if (rest.length > maxChars) throw new Error('an event without an end')
      for (const block of blocks) yield readBlock(block)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function readBlock(block: string): ServerSentEvent {
  const event: ServerSentEvent = { id: null, name: 'message', data: null }
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'id') event.id = value
    else if (field === 'event') event.name = value
    else if (field === 'data') event.data = event.data === null ? value : `${event.data}\n${value}`
  }
  return event
}
