import { type Clock, sleep } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Deletion, Store } from '../../store/store.ts'
import { type Emit, withoutMessages } from '../emit.ts'
import { keyOf } from '../views.ts'
import type { People } from './people.ts'
import type { Sessions } from './sessions.ts'

/** What stands in the place of the username of a deleted account. */
const deletedName = 'deleted user'

/** Rooms looked up at once, ordinals looked through at once, texts taken away in one write, and reactions under way at once: nobody's message waits for long behind it. */
const batch = { rooms: 100, ordinals: 5_000, texts: 20, reactions: 20 }
/** What a session had under way when it ended is written after so long, or not at all: then all is looked at once more (ms). */
const settledMs = 2_000
/** How long to leave the database alone after a write that failed. */
const pauseMs = 1_000
const triesAtMost = 60
/** A room that changes faster than that is left for the next try. */
const judgedAtMost = 20

type Deps = { store: Store; clock: Clock; log: Logger; emit: Emit; people: People; sessions: Sessions }

/**
 * Takes deleted people out of their rooms, and where they wished it their texts and reactions out of the world, one account after the other. What is left
 * when it stops goes the next time: each step looks at what is there and is the same however often it is done.
 */
export class Deletions implements AsyncDisposable {
  readonly #deps: Deps
  readonly #stop = Promise.withResolvers<void>()
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * Deletes an account and closes everything that is open in its name; nobody waits for what it held to go. With `expected`, the hash of a
   * password that was verified, only if it still stands, else `mismatch`.
   */
  async delete({ user, messages, expected }: Deletion & { expected?: string | null }): Promise<'deleted' | 'mismatch' | 'gone'> {
    const { store, clock, emit, people, sessions } = this.#deps
    const given = expected === undefined ? {} : { expected }
    const outcome = await store.queue.write('users.delete', { user, messages, name: deletedName, at: clock.now(), ...given })
    if (outcome.status !== 'deleted') return outcome.status
    people.forget(user)
    sessions.ended(outcome)
    // Whatever else is open in this person's name, of whichever kind its proof was.
    sessions.forgetUser(user)
    emit.revoked(user, null)
    this.#running = this.#running.then(() => this.#finish({ user, messages }))
    return 'deleted'
  }

  /** What an earlier run left behind. */
  resume(): void {
    this.#running = this.#running.then(async () => {
      try {
        for (const deletion of await this.#deps.store.deletions.pending()) await this.#finish(deletion)
      } catch (error) {
        this.#deps.log.error('looking for deleted accounts failed', { error })
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#stop.resolve()
    await this.#running
  }

  async #finish(deletion: Deletion): Promise<void> {
    for (let failures = 0; !this.#stopped && failures < triesAtMost; failures += 1) {
      try {
        await this.#pass(deletion)
        await this.#wait(settledMs)
        await this.#pass(deletion)
        if (!this.#stopped) await this.#deps.store.queue.write('users.deleted', { user: deletion.user })
        return
      } catch (error) {
        this.#deps.log.error('taking away what a deleted account held failed', { user: deletion.user, error })
        await this.#wait(pauseMs)
      }
    }
  }

  #wait(ms: number): Promise<void> {
    return Promise.race([sleep(this.#deps.clock, ms), this.#stop.promise])
  }

  async #pass({ user, messages }: Deletion): Promise<void> {
    const { places } = this.#deps.store.deletions
    for (let after: number | null = null; !this.#stopped; ) {
      const rooms: number[] = await places(user, { after, limit: batch.rooms })
      for (const room of rooms) {
        if (this.#stopped) return
        await this.#withdraw(user, room)
        if (messages === 'remove') await this.#erase(user, room)
      }
      if (rooms.length < batch.rooms) return
      after = rooms.at(-1) ?? null
    }
  }

  async #withdraw(user: number, number: number): Promise<void> {
    const { store, clock, emit, people } = this.#deps
    const outcome = await store.queue.write('members.withdraw', { room: number, user, at: clock.now() })
    const room = outcome.status === 'left' ? await store.rooms.byNumber(number) : undefined
    if (outcome.status !== 'left' || room === undefined) return
    const person = await people.load(outcome.events.flatMap(({ ref }) => (ref === null ? [] : [ref])))
    emit.room(outcome.events, withoutMessages(keyOf(room), person))
    emit.user(outcome.userEvents, keyOf(room))
  }

  async #erase(user: number, number: number): Promise<void> {
    const { store } = this.#deps
    const room = await store.rooms.byNumber(number)
    if (room === undefined) return
    for (let from = 1; from <= room.last_n && !this.#stopped; from += batch.ordinals) {
      const range = { from, to: from + batch.ordinals - 1 }
      const ns = await store.deletions.texts(number, user, range)
      for (let start = 0; start < ns.length && !this.#stopped; start += batch.texts)
        await this.#eraseSome(user, number, ns.slice(start, start + batch.texts))
      const reactions = await store.deletions.reactions(number, user, range)
      for (let start = 0; start < reactions.length && !this.#stopped; start += batch.reactions)
        await Promise.all(reactions.slice(start, start + batch.reactions).map((reaction) => this.#takeBack(user, number, reaction)))
    }
  }

  async #takeBack(user: number, number: number, { message, emoji }: { message: string; emoji: string }): Promise<void> {
    const { store, clock, emit, people } = this.#deps
    for (let left = judgedAtMost; left > 0; left -= 1) {
      const room = await store.rooms.byNumber(number)
      if (room === undefined || room.deleted_at !== null) return
      const outcome = await store.queue.react({ room: number, user, acl: room.acl, message, emoji, add: false, at: clock.now() })
      if (outcome.status === 'stale') continue
      if (outcome.status !== 'changed') return
      emit.room(outcome.events, { key: keyOf(room), person: await people.load([user]), message: () => ({ id: message }), sharedAfter: 0 })
      return
    }
    throw new Error('the room changes too fast')
  }

  async #eraseSome(user: number, number: number, ns: number[]): Promise<void> {
    const { store, clock, emit, people } = this.#deps
    const { events, messages } = await store.queue.write('messages.erase', { room: number, user, ns, at: clock.now() })
    const room = events.length === 0 ? undefined : await store.rooms.byNumber(number)
    if (room === undefined) return
    const ids = new Map(messages.map(({ n, id }) => [n, id]))
    const message = (n: number) => ({ id: ids.get(n) ?? '' })
    emit.room(events, { key: keyOf(room), person: await people.load([user]), message, sharedAfter: 0 })
  }
}
