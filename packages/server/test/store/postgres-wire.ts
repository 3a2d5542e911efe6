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
  /** From now on every connection is refused and those there are end, or all stay open and nothing passes; until `mend`. */
  fail(how: Failing): void
  mend(): void
}

export type Failing = 'refused' | 'silent'

type Armed = { how: Cut; text: string; done: () => void }

/** A wire to PostgreSQL that loses the connection where a test says. */
export async function wireTo(target: string): Promise<Wire> {
  const { hostname, port } = new URL(target)
  let armed: Armed | undefined
  let failing: Failing | undefined
  const open = new Set<Socket>()
  const drop = () => open.forEach((socket) => socket.destroy())
  const server = createServer((near) => {
    if (failing === 'refused') return void near.destroy()
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
      if (failing !== undefined) return
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
      if (failing !== undefined) return
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
    fail(how) {
      failing = how
      if (how === 'refused') drop()
    },
    mend() {
      // What was half said while nothing passed is not to be gone on with.
      if (failing === 'silent') drop()
      failing = undefined
    },
    async [Symbol.asyncDispose]() {
      drop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
