import { type AddressInfo, connect as dial, createServer, type Socket } from 'node:net'

/** A connection on its way to a server: what comes from the client's side, and what from the server's, is passed on by hand. */
export type Passing = {
  near: Socket
  far: Socket
  /** Ends both sides. */
  end: () => void
}

export type Wire = AsyncDisposable & {
  url: string
  /** Ends every connection now. */
  cut(): void
}

/** A way to a server on which somebody sits: `passes` is called for each connection, before anything has come over it. */
export async function wireTo(url: string, passes: (connection: Passing) => void): Promise<Wire> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = dial(Number(port), hostname)
    const end = () => {
      near.destroy()
      far.destroy()
      open.delete(near)
    }
    open.add(near)
    for (const side of [near, far]) side.on('error', end).on('close', end)
    passes({ near, far, end })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
