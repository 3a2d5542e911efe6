import { type Wire, wireTo } from './wire.ts'

/** A proxy as some companies have it: requests pass, what asks for an upgrade is refused while `blocks` is set. */
export type BlockingProxy = Wire & {
  blocks: boolean
  /** Upgrades refused so far. */
  refused(): number
}

export async function blockingProxy(url: string): Promise<BlockingProxy> {
  let refusals = 0
  const proxy = { blocks: true, refused: () => refusals }
  const wire = await wireTo(url, ({ near, far }) => {
    near.on('data', (data) => {
      if (proxy.blocks && /^upgrade: *websocket/im.test(data.toString())) {
        refusals += 1
        near.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
        far.destroy()
      } else far.write(data)
    })
    far.on('data', (data) => near.write(data))
  })
  return Object.assign(proxy, wire)
}
