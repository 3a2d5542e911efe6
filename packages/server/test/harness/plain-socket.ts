export type PlainSocket = {
  received: string[]
  send(data: string | Uint8Array): void
  close(): void
  closed: Promise<{ code: number; reason: string }>
  /** Waits until what was received satisfies the predicate; rejects when the socket closes first or time runs out. */
  until(isThere: (texts: readonly string[]) => boolean, timeoutMs?: number): Promise<void>
}

/** A bare WebSocket for tests of things below any protocol. */
export async function openSocket(url: string): Promise<PlainSocket> {
  const socket = new WebSocket(url)
  const received: string[] = []
  const waiting = new Set<() => void>()
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<{ code: number; reason: string }>()
  socket.onmessage = ({ data }) => {
    received.push(String(data))
    for (const look of [...waiting]) look()
  }
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve()
    socket.onclose = ({ code, reason }) => {
      onClosed({ code, reason })
      reject(new Error(`closed with ${code}`))
    }
  })
  const until = (isThere: (texts: readonly string[]) => boolean, timeoutMs = 5000) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (isThere(received)) done(resolve)
      }
      const timer = setTimeout(() => done(() => reject(new Error(`not received in time; got ${received.length} frames`))), timeoutMs)
      const done = (settle: () => void) => {
        clearTimeout(timer)
        waiting.delete(look)
        settle()
      }
      waiting.add(look)
      void closed.then(() => done(() => reject(new Error('closed while waiting'))))
      look()
    })
  return { received, closed, until, send: (data) => socket.send(data), close: () => socket.close() }
}
