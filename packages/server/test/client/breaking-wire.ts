import { type Wire, wireTo } from './wire.ts'

/** A way to a server that breaks: every connection through it ends without a word after so many bytes from the server. */
export type BreakingWire = Wire & {
  /** Bytes after which the next connections break; Infinity for never. */
  lasts: () => number
  /** Connections broken so far. */
  breaks(): number
}

export async function breakingWire(url: string): Promise<BreakingWire> {
  let broken = 0
  const way = { lasts: () => Number.POSITIVE_INFINITY, breaks: () => broken }
  const wire = await wireTo(url, ({ near, far, end }) => {
    let left = way.lasts()
    near.on('data', (data) => far.write(data))
    far.on('data', (data) => {
      const bytes = Buffer.from(data)
      left -= bytes.length
      // What came before the break still arrives: a frame may be cut in its middle.
      near.write(left < 0 ? bytes.subarray(0, Math.max(0, bytes.length + left)) : bytes)
      if (left >= 0) return
      broken += 1
      near.end(end)
    })
  })
  return Object.assign(way, wire)
}
