import { createServer, connect as dial, type AddressInfo, type Socket } from 'node:net'

/** A way to a server that breaks: every connection through it ends without a word after so many bytes from the server. */
export type BreakingWire = AsyncDisposable & {
  url: string
  /** Bytes after which the next connections break; Infinity for never. */
  lasts: () => number
  /** Connections broken so far. */
  breaks(): number
  /** Ends every connection now. */
  cut(): void
}

export async function breakingWire(url: string): Promise<BreakingWire> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let broken = 0
  const wire = { lasts: () => Number.POSITIVE_INFINITY }
  const server = createServer((near) => {
    const far = dial(Number(port), hostname)
    const end = () => {
      near.destroy()
      far.destroy()
      open.delete(near)
    }
    let left = wire.lasts()
    open.add(near)
    for (const side of [near, far]) side.on('error', end).on('close', end)
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  return Object.assign(wire, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    breaks: () => broken,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
