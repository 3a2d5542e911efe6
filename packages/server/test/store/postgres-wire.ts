import { createServer, connect, type Socket } from 'node:net'

/**
 * `unasked`: the server never sees it. `unanswered`: the server does what it says and the answer is lost. `silent`: as `unanswered`, but
 * the connection stays open and nothing comes.
 */
export type Cut = 'unasked' | 'unanswered' | 'silent'

export type Wire = AsyncDisposable & {
  /** The same database, through the wire. */
  url: string
  /** Cuts the connection that next says `text`; resolves when it is cut. */
  cut(how: Cut, text: string): Promise<void>
}

type Armed = { how: Cut; text: string; done: () => void }

/** A wire to PostgreSQL that loses the connection where a test says. */
export async function wireTo(target: string): Promise<Wire> {
  const { hostname, port } = new URL(target)
  let armed: Armed | undefined
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    let cutting: Armed | undefined
    const end = () => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', end).on('close', () => {
        open.delete(socket)
        end()
      })
    }
    near.on('data', (bytes) => {
      if (armed !== undefined && bytes.includes(armed.text)) {
        cutting = armed
        armed = undefined
      }
      if (cutting?.how !== 'unasked') far.write(bytes)
      else {
        end()
        cutting.done()
      }
    })
    far.on('data', (bytes) => {
      if (cutting === undefined) near.write(bytes)
      else {
        // The first answer is the last step of a commit: it is on disk now, and only we know.
        if (cutting.how === 'unanswered') end()
        cutting.done()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: Object.assign(new URL(target), { port: String(address.port) }).href,
    cut(how, text) {
      const { promise, resolve } = Promise.withResolvers<void>()
      armed = { how, text, done: resolve }
      return promise
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
