import { ChatError, type ErrorCode } from '@parlance/protocol'
import type { Random } from '../random.ts'
import type { LoadClient, Outcome, Outgoing } from './client.ts'
import type { Crew } from './crew.ts'
import type { World, WorldRoom } from './world.ts'

/** Where somebody is a member for the whole run, where they come and go, and where they never are. */
type Rooms = { own: WorldRoom[]; visited: WorldRoom[]; foreign: WorldRoom[] }

export type TrafficDeps = {
  world: World
  crew: Crew
  random: Random /** Sends per second in all. */
  rate: number
  fault(text: string): void
}

/** Below the published bound of operations under way on one connection. */
const maxInFlight = 40
const tickMs = 4
/** Of a client's messages so many of the last are repeated, edited and deleted. */
const remembered = 30

type Sent = Outgoing & { message: string }

/** What everybody does all the time: mostly sends, a few repetitions, changes, reads, and sends from where one is no member. */
export class Traffic {
  /** Sends put on a wire, and those acknowledged. */
  offered = 0
  acked = 0
  readonly #deps: TrafficDeps
  readonly #sent = new Map<LoadClient, Sent[]>()
  readonly #rooms = new Map<LoadClient, Rooms>()
  #timer: Timer | null = null
  #cids = 0

  constructor(deps: TrafficDeps) {
    this.#deps = deps
    const { rooms } = deps.world
    for (const client of deps.crew.people) {
      const isRegular = (room: WorldRoom) => room.regulars.some(({ id }) => id === client.person.id)
      const isVisitor = (room: WorldRoom) => room.visitor.id === client.person.id
      const foreign = rooms.filter((room) => !isRegular(room) && !isVisitor(room) && room.kind === 'group')
      this.#rooms.set(client, { own: rooms.filter(isRegular), visited: rooms.filter(isVisitor), foreign })
    }
  }

  start(): void {
    let last = performance.now()
    let due = 0
    this.#timer = setInterval(() => {
      const now = performance.now()
      // After a pause of this process the load does not come in a lump.
      due += (Math.min(now - last, 50) / 1000) * this.#deps.rate
      last = now
      for (; due >= 1; due -= 1) this.#act(this.#deps.random.pick(this.#deps.crew.people))
    }, tickMs)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  /** One more send of somebody who may be no member at the moment. */
  sendInto(client: LoadClient, room: WorldRoom): void {
    if (client.isReady && client.inFlight < maxInFlight) this.#run(client, this.#send(client, room))
  }

  #act(client: LoadClient): void {
    if (!client.isReady || client.inFlight >= maxInFlight) return
    const { random } = this.#deps
    const dice = random.next()
    if (dice < 0.94) this.#run(client, this.#sendNew(client))
    else if (dice < 0.95) this.#run(client, this.#sendForeign(client))
    else if (dice < 0.97) this.#run(client, this.#repeat(client))
    else if (dice < 0.98) this.#run(client, this.#change(client))
    else if (dice < 0.99) this.#run(client, this.#read(client))
    else client.frame({ open: random.pick(this.#roomsOf(client).own).id })
  }

  #run(client: LoadClient, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#deps.fault(`${client.conn}: ${String(error)}`))
  }

  #roomsOf(client: LoadClient): Rooms {
    return this.#rooms.get(client) ?? { own: [], visited: [], foreign: [] }
  }

  async #sendNew(client: LoadClient): Promise<void> {
    const { random, fault } = this.#deps
    const { own, visited } = this.#roomsOf(client)
    const room = random.pick([...own, ...visited])
    const { outcome, cid } = await this.#send(client, room)
    if (outcome === 'refused' && own.includes(room)) fault(`a member's send was refused: ${cid} in ${room.id}`)
  }

  async #sendForeign(client: LoadClient): Promise<void> {
    await this.#send(client, this.#deps.random.pick(this.#roomsOf(client).foreign))
  }

  async #send(client: LoadClient, { id: room }: WorldRoom): Promise<{ outcome: Outcome; cid: string }> {
    this.#cids += 1
    const cid = `${client.person.username}-${this.#cids}`
    const outgoing = { room, cid, body: `${cid} ${filler(this.#deps.random)}` }
    this.offered += 1
    const { outcome, message } = await client.send(outgoing)
    if (message === null) return { outcome, cid }
    this.acked += 1
    const sent = this.#sent.get(client) ?? []
    sent.push({ ...outgoing, message })
    if (sent.length > remembered) sent.shift()
    this.#sent.set(client, sent)
    return { outcome, cid }
  }

  /** The same cid once more although it was answered: with the same text, or with another one, which must be refused. */
  async #repeat(client: LoadClient): Promise<void> {
    const { random, fault } = this.#deps
    const sent = this.#sent.get(client)
    if (sent === undefined) return
    const { room, cid, body } = random.pick(sent)
    if (client.unanswered.has(cid)) return
    this.offered += 1
    const isOther = random.chance(0.2)
    const { outcome } = await client.send({ room, cid, body: isOther ? `${body}!` : body })
    if (outcome === 'written') fault(`${cid} was sent again and written again`)
    if (outcome === 'found' || outcome === 'refused') this.acked += 1
  }

  async #change(client: LoadClient): Promise<void> {
    const { random } = this.#deps
    const sent = this.#sent.get(client)
    if (sent === undefined) return
    const { room, message, cid } = random.pick(sent)
    // Whoever has left meanwhile changes nothing, and may not even know of the message.
    const isVisited = this.#roomsOf(client).visited.some(({ id }) => id === room)
    const expected: ErrorCode[] = isVisited ? ['not_found', 'forbidden'] : []
    if (random.chance(0.3)) return await this.#tolerate(client.call('messages.delete', { room, message }), expected)
    const content = `${cid} edited ${filler(random)}`
    await this.#tolerate(client.call('messages.edit', { room, message, content }), [...expected, 'message_deleted'])
  }

  async #read(client: LoadClient): Promise<void> {
    const room = this.#deps.random.pick(this.#roomsOf(client).own).id
    await this.#tolerate(client.call('rooms.read', { room, n: 1_000_000 }), [])
  }

  /** Lost answers are a part of life; any refusal that is not expected is a fault. */
  async #tolerate(call: Promise<unknown>, codes: ErrorCode[]): Promise<void> {
    try {
      await call
    } catch (error) {
      if (error instanceof ChatError && !codes.includes(error.code)) throw error
    }
  }
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz äöüßéΩ漢字🙂\n"\\'
const letters = Array.from(alphabet)

/** Mostly short, sometimes as long as a message may be. */
function filler(random: Random): string {
  const length = random.chance(0.002) ? 3_900 : random.integer(5, 80)
  const start = random.integer(0, letters.length - 1)
  return Array.from({ length }, (_, i) => letters[(start + i * 7) % letters.length]).join('')
}
