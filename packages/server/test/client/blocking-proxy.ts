import { type AddressInfo, connect as dial, createServer, type Socket } from 'node:net'

/** A proxy as some companies have it: requests pass, what asks for an upgrade is refused while `blocks` is set. */
export type BlockingProxy = AsyncDisposable & {
  url: string
  blocks: boolean
  /** Upgrades refused so far. */
  refused(): number
  /** Ends every connection now. */
  cut(): void
}

export async function blockingProxy(url: string): Promise<BlockingProxy> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let refusals = 0
  const proxy = { blocks: true }
  const server = createServer((near) => {
    const far = dial(Number(port), hostname)
    const end = () => {
      near.destroy()
      far.destroy()
      open.delete(near)
    }
    open.add(near)
    for (const side of [near, far]) side.on('error', end).on('close', end)
    near.on('data', (data) => {
      if (proxy.blocks && /^upgrade: *websocket/im.test(data.toString())) {
        refusals += 1
        near.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
        far.destroy()
      } else far.write(data)
    })
    far.on('data', (data) => near.write(data))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: () => refusals,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
