import type { RestAnswer } from '../dialects/dialect.ts'

/** What the runtime tells of a request besides the request. */
export type Env = { Bindings: { address: string }; Variables: { requestId: string } }

const json = { 'content-type': 'application/json' }

/** An answer of ours as the runtime's. What is somebody's is nobody's cache's. `told` hears the length of what is sent whole (characters). */
export function toResponse(answer: RestAnswer, told: (length: number) => void = () => undefined): Response {
  if ('talk' in answer) throw new Error('a stream has no answer of its own')
  const { status } = answer
  const headers = { 'cache-control': 'no-store', ...answer.headers }
  if ('pieces' in answer) return new Response(streamOf(answer.pieces), { status, headers: { ...json, ...headers } })
  const { body } = answer
  if (status === 204 || status === 304) return new Response(null, { status, headers })
  if (typeof body === 'string') return new Response(body, { status, headers })
  const text = JSON.stringify(body)
  told(text.length)
  return new Response(text, { status, headers: { ...json, ...headers } })
}

function streamOf(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const iterator: AsyncIterator<string, unknown> = pieces[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next()
      if (next.done === true) controller.close()
      else controller.enqueue(encoder.encode(next.value))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}
