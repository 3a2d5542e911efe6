import type { Rest } from '../../harness/rest.ts'
import { connect, type TestSocket } from '../../harness/socket.ts'
import { password } from './world.ts'

/** How often the bystander is spoken to, and how late a message may come. */
const everyMs = 100
const lateMs = 5_000

/** Two innocent people talking while the fuzzer is at work: their sockets must live, and every message must come. */
export class Bystander {
  readonly #room: string
  readonly #friend: TestSocket
  readonly #bystander: TestSocket
  readonly #sent = new Map<string, number>()
  #worst = 0
  #ended = false
  #talk: Promise<void> = Promise.resolve()
  #closedEarly: string | null = null

  private constructor(room: string, friend: TestSocket, bystander: TestSocket) {
    this.#room = room
    this.#friend = friend
    this.#bystander = bystander
    for (const [name, socket] of [['friend', friend] as const, ['bystander', bystander] as const]) {
      void socket.closed.then(({ code }) => {
        if (!this.#ended) this.#closedEarly = `the ${name}'s socket was closed with ${code}`
      })
    }
  }

  static async start(rest: Rest, url: string): Promise<Bystander> {
    const [friend, bystander] = await Promise.all(
      ['friend', 'bystander'].map((username) => rest.call('accounts.register', { username, password })),
    )
    if (friend === undefined || bystander === undefined) throw new Error('two people are needed')
    const { room } = await rest.call(
      'rooms.create',
      { kind: 'group', title: 'Quiet', members: [bystander.user.id] },
      { token: friend.access_token },
    )
    const sockets = await Promise.all([connect(url), connect(url)])
    await Promise.all(sockets.map((socket, i) => socket.hello((i === 0 ? friend : bystander).access_token)))
    const one = new Bystander(room.id, ...(sockets as [TestSocket, TestSocket]))
    one.#talk = one.#talkOn()
    return one
  }

  /** What went wrong, and how many messages came, the slowest after how long (ms). */
  async end(): Promise<{ faults: string[]; received: number; worst: number }> {
    this.#ended = this.#closedEarly === null
    const faults: string[] = []
    await this.#talk.catch((error: unknown) => faults.push(`the friend could not talk: ${String(error)}`))
    if (this.#closedEarly !== null) faults.push(this.#closedEarly)
    for (const socket of [this.#friend, this.#bystander]) {
      await socket[Symbol.asyncDispose]().catch((error: unknown) => faults.push(`what came was not as published: ${String(error)}`))
    }
    return { faults, received: this.#sent.size, worst: this.#worst }
  }

  async #talkOn(): Promise<void> {
    for (let count = 0; !this.#ended && this.#closedEarly === null; count += 1) {
      const cid = `quiet-${count}`
      const began = performance.now()
      await this.#friend.op('messages.send', { room: this.#room, cid, content: `Message ${count}` }, { timeout_ms: lateMs })
      await this.#bystander.next('ev', (frame) => frame.ev === 'message.created' && frame.data.cid === cid, { timeout_ms: lateMs })
      this.#sent.set(cid, began)
      this.#worst = Math.max(this.#worst, performance.now() - began)
      await Bun.sleep(everyMs)
    }
  }
}
