import { type DownFrame, Problem, streamErrorsOf, streams } from '@parlance/protocol'
import { eventually } from './eventually.ts'
import { noteSecret } from './secrets.ts'
import { checkAgainst, type DownKind, readFrame, Refused, type Seen, Unpublished } from './schemas.ts'

/** One event of a stream: its frame, checked, and what stood beside it. `id` is the last one told, as a browser keeps it. */
export type StreamEvent = { seen: Seen; id: string | null; name: string }

/** A reader of a stream that takes nothing on trust: every event is a published frame, and what is no event is a comment or `retry`. */
export class TestStream implements AsyncDisposable {
  readonly events: StreamEvent[] = []
  comments = 0
  readonly headers: Headers
  /** Settles when the server has ended the stream. */
  readonly ended: Promise<void>
  readonly #stop: AbortController
  #isOver = false
  #read = 0

  constructor(response: Response, stop: AbortController) {
    this.headers = response.headers
    this.#stop = stop
    this.ended = this.#follow(response.body ?? new ReadableStream())
  }

  get lastId(): string {
    return this.events.at(-1)?.id ?? ''
  }

  /** The next event of a kind after the last one this gave; those in between are passed over. */
  async next<K extends DownKind>(kind: K, fits: (frame: DownFrame[K]) => boolean = () => true): Promise<DownFrame[K]> {
    return await eventually(() => {
      for (; this.#read < this.events.length; this.#read += 1) {
        const seen = this.events[this.#read]?.seen
        if (seen?.kind !== kind || !fits(seen.frame as DownFrame[K])) continue
        this.#read += 1
        return seen.frame as DownFrame[K]
      }
      if (this.#isOver) throw new Error(`the stream ended before ${kind} came`)
      return false as never
    })
  }

  /** The events of the log of rooms, in the order they came, replayed and live. */
  positions(room: string): number[] {
    return this.events.flatMap(({ seen }) => {
      if (seen.kind === 'log' && seen.frame.log.room === room) return seen.frame.log.events.map(({ seq }) => seq)
      return seen.kind === 'ev' && seen.frame.room === room ? [seen.frame.seq] : []
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.ended
  }

  async #follow(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    let id: string | null = null
    try {
      for await (const piece of body) {
        const blocks = (rest + decoder.decode(piece, { stream: true })).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) id = this.#take(block, id)
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error
    } finally {
      this.#isOver = true
    }
  }

  #take(block: string, last: string | null): string | null {
    let [id, name, data] = [last, 'message', '']
    for (const line of block.split('\n')) {
      const [field = '', value = ''] = line.split(/: ?(.*)/s)
      if (field === '') this.comments += 1
      else if (field === 'id') id = value
      else if (field === 'event') name = value
      else if (field === 'data') data = value
      else if (field !== 'retry') throw new Unpublished('a stream', [`unknown field ${field}`], block)
    }
    if (data !== '') this.events.push({ seen: readFrame(data), id, name })
    return id
  }
}

export type Reading = { token: string; lastEventId?: string; headers?: Record<string, string> }

/** Opens a stream of the native API below /api/v1; a refusal is thrown as `Refused`. */
export async function openStream(url: string, path: string, { token, lastEventId, headers }: Reading): Promise<TestStream> {
  noteSecret('a bearer token', token)
  const stop = new AbortController()
  const response = await fetch(new URL(`/api/v1${path}`, url), {
    headers: { authorization: `Bearer ${token}`, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }), ...headers },
    signal: stop.signal,
  })
  if (response.status !== 200) {
    const problem = (await response.json()) as Problem
    checkAgainst(Problem, problem, `the answer to ${path}`)
    const codes = streamErrorsOf(streams[path.startsWith('/rooms/') ? 'rooms.stream' : 'me.stream'])
    if (!codes.includes(problem.code)) throw new Unpublished(path, [`${problem.code} is none of its errors`], problem)
    throw new Refused(path, problem)
  }
  return new TestStream(response, stop)
}
