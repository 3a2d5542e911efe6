import { createRest, type Rest } from '../../harness/rest.ts'
import { connect, type TestSocket } from '../../harness/socket.ts'

const people = 4
const sendEveryMs = 50
const readEveryMs = 200
/** A read on a connection of its own, as somebody who has just come makes it. */
const arriveEveryMs = 250

/** Signed-in people who chat at a steady pace while others attack; what they wait for is measured. */
export class Victims implements AsyncDisposable {
  readonly #rest: Rest
  readonly #room: string
  readonly #people: { token: string; socket: TestSocket }[]
  #sent = 0

  private constructor(rest: Rest, room: string, joined: { token: string; socket: TestSocket }[]) {
    this.#rest = rest
    this.#room = room
    this.#people = joined
  }

  static async arrive(url: string): Promise<Victims> {
    const rest = createRest(url)
    const joined: { token: string; socket: TestSocket }[] = []
    for (let i = 0; i < people; i += 1) {
      const { access_token: token } = await rest.call('accounts.register', { username: `victim${i}`, password: 'correct horse battery' })
      const socket = await connect(url)
      await socket.hello(token)
      joined.push({ token, socket })
    }
    const [first] = joined
    if (first === undefined) throw new Error('nobody came')
    const { room } = await rest.call('rooms.create', { kind: 'public', name: 'hostile' }, first)
    for (const { token } of joined.slice(1)) await rest.call('rooms.join', { room: room.id }, { token })
    return new Victims(rest, room.id, joined)
  }

  /** Chats for so long; how long each answer took (ms), in rising order. */
  async chat(ms: number): Promise<number[]> {
    const waits: number[] = []
    const until = performance.now() + ms
    const pace = async (everyMs: number, work: () => Promise<unknown>) => {
      const pending: Promise<void>[] = []
      for (let due = performance.now() + Math.random() * everyMs; due < until; due += everyMs) {
        await Bun.sleep(Math.max(0, due - performance.now()))
        // From when it was due: what comes late because the last one was slow has waited as well.
        pending.push(work().then(() => void waits.push(performance.now() - due)))
      }
      await Promise.all(pending)
    }
    await Promise.all(
      this.#people.flatMap(({ token, socket }) => [
        pace(sendEveryMs, () =>
          socket.op('messages.send', { room: this.#room, content: 'still here', cid: `c${(this.#sent += 1)}` }, { timeout_ms: 60_000 }),
        ),
        pace(readEveryMs, () => this.#rest.call('accounts.me', {}, { token })),
        pace(arriveEveryMs, () => this.#rest.call('accounts.me', {}, { token, headers: { connection: 'close' } })),
      ]),
    )
    return waits.sort((a, b) => a - b)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#people) await socket[Symbol.asyncDispose]()
  }
}

export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
