import type { Rest } from '../../harness/rest.ts'
import { Refused } from '../../harness/schemas.ts'
import { type History, viewOf } from '../history.ts'
import type { Random } from '../random.ts'
import { sendKey } from '../invariants/sends.ts'
import { LoadClient, type Outcome, type Outgoing } from './client.ts'
import type { World } from './world.ts'

export type CrewDeps = { world: World; rest: Rest; port: number; history: History; random: Random; fault(text: string): void }

/** What became of sends that were in doubt when the server was killed. */
export type Settled = Record<Exclude<Outcome, 'unanswered'>, number>

const noneSettled = (): Settled => ({ written: 0, found: 0, refused: 0 })

/** Part of the retries goes through the other door: a cid counts wherever it is used. */
const restShare = 0.15

/** All clients of the load. Each comes back by itself whenever its connection goes, and first sends again what has no answer. */
export class Crew {
  readonly keeper: LoadClient
  readonly people: LoadClient[]
  readonly all: LoadClient[]
  readonly #deps: CrewDeps
  #up = Promise.withResolvers<undefined>()
  #ended = false
  #doubts = new Set<string>()
  #settled = noneSettled()
  #restCalls = 0
  readonly #settling = new Set<LoadClient>()

  constructor(deps: CrewDeps) {
    this.#deps = deps
    const { port, history, fault } = deps
    const unpublished = (error: Error) => fault(error.message)
    const client = (person: World['keeper']) => new LoadClient({ person, port, history, unpublished })
    this.keeper = client(deps.world.keeper)
    this.people = deps.world.people.map(client)
    this.all = [this.keeper, ...this.people]
  }

  start(): void {
    for (const client of this.all) {
      this.#tend(client).catch((error: unknown) => this.#deps.fault(`a client gave up: ${String(error)}`))
    }
  }

  end(): void {
    this.#ended = true
    this.#up.resolve(undefined)
    for (const client of this.all) client.cut()
  }

  serverIsUp(): void {
    this.#up.resolve(undefined)
  }

  serverIsGone(): void {
    this.#up = Promise.withResolvers()
  }

  /** Everybody is connected, and nothing that was sent before is in doubt. */
  get isSettled(): boolean {
    return this.#settling.size === 0 && this.#doubts.size === 0 && this.all.every((client) => client.isReady)
  }

  /** What is still missing, for whoever has waited in vain. */
  get state(): string {
    const away = this.all.filter((client) => !client.isReady).map(({ conn }) => conn)
    const settling = [...this.#settling].map(({ conn, unanswered }) => `${conn} (${[...unanswered.keys()].join(' ')})`)
    return `not connected: ${away.join(', ') || 'none'}; retrying: ${settling.join(', ') || 'none'}; in doubt: ${this.#doubts.size}`
  }

  get areAllCut(): boolean {
    return this.all.every((client) => !client.isReady)
  }

  /** Remembers which sends have no answer now; gives back how many there are. */
  countDoubts(): number {
    this.#doubts = new Set(this.all.flatMap((client) => [...client.unanswered.values()].map((one) => keyOf(client, one))))
    this.#settled = noneSettled()
    return this.#doubts.size
  }

  get settled(): Settled {
    return this.#settled
  }

  async #tend(client: LoadClient): Promise<void> {
    while (!this.#ended) {
      await this.#up.promise
      if (this.#ended) return
      this.#settling.add(client)
      try {
        await client.connect()
      } catch {
        await Bun.sleep(this.#deps.random.integer(5, 20))
        continue
      }
      // In the order in which they were first made, and before anything new.
      await Promise.all([...client.unanswered.values()].map((outgoing) => this.#retry(client, outgoing)))
      this.#settling.delete(client)
      await client.closed
    }
  }

  async #retry(client: LoadClient, outgoing: Outgoing): Promise<void> {
    const { outcome } = this.#deps.random.chance(restShare) ? await this.#sendByRest(client, outgoing) : await client.send(outgoing)
    // Its connection may have been cut again; then the next retry tells.
    if (outcome !== 'unanswered' && this.#doubts.delete(keyOf(client, outgoing))) this.#settled[outcome] += 1
  }

  async #sendByRest(client: LoadClient, { room, cid, body }: Outgoing): Promise<{ outcome: Outcome }> {
    const { history, rest } = this.#deps
    this.#restCalls += 1
    const who = { user: client.person.id, conn: `rest#${this.#restCalls}` }
    history.note(who, { kind: 'invoke', room, cid, body })
    try {
      const { message, dup } = await rest.call('messages.send', { room, content: body }, { token: client.person.token, key: cid })
      history.note(who, { kind: 'ok', room, cid, dup, view: viewOf(message) })
      client.unanswered.delete(cid)
      return { outcome: dup ? 'found' : 'written' }
    } catch (error) {
      if (!(error instanceof Refused) || error.code === 'unknown_outcome') {
        history.note(who, { kind: 'unknown', room, cid })
        return { outcome: 'unanswered' }
      }
      history.note(who, { kind: 'refused', room, cid, code: error.code })
      client.unanswered.delete(cid)
      return { outcome: 'refused' }
    }
  }
}

const keyOf = (client: LoadClient, { room, cid }: Outgoing): string => sendKey(room, client.person.id, cid)
