import { createRest, type Rest } from '../harness/rest.ts'
import { check, type InvariantName, type Violation } from './checker.ts'
import { History, type Truth } from './history.ts'
import { readTruth } from './load/audit.ts'
import { LoadClient, type Person } from './load/client.ts'
import type { Random } from './random.ts'

/** `contested`: races in which somebody's message stands right behind the removal, so that there was something to keep from the removed. */
export type RaceReport = { races: number; contested: number; violations: Violation[]; faults: string[] }

type Ring = { id: string; owner: LoadClient; talker: LoadClient; victim: LoadClient; spare: LoadClient }

const rings = 10
const burst = 6

/** What the second connection of the removed is judged by: it sends nothing, so most rules say nothing of it. */
const streamRules: InvariantName[] = [
  'silence after removal',
  'wire is consecutive',
  'applied strictly rises',
  'applied is complete',
  'delivered is in the log',
]

/** Removes members while everybody talks, some of the removed in the middle of connecting, and brings them back for the next time. */
export async function raceRemovals(port: number, races: number, random: Random): Promise<RaceReport> {
  return await new Races(port, random).run(races)
}

class Races {
  readonly #port: number
  readonly #random: Random
  readonly #rest: Rest
  readonly #history = new History(() => performance.now())
  readonly #spareHistory = new History(() => performance.now())
  readonly #faults: string[] = []
  #cids = 0

  constructor(port: number, random: Random) {
    this.#port = port
    this.#random = random
    this.#rest = createRest(`http://127.0.0.1:${port}`)
  }

  async run(races: number): Promise<RaceReport> {
    const all = await Promise.all(Array.from({ length: rings }, (_, i) => this.#ring(i)))
    await Promise.all(
      all.map(async (ring, i) => {
        for (let race = i; race < races; race += rings) await this.#race(ring, race)
      }),
    )
    const [keeper] = all.map(({ owner }) => owner.person)
    const truth = keeper === undefined ? new Map() : await this.#truth(all)
    for (const { owner, talker, victim, spare } of all) for (const client of [owner, talker, victim, spare]) client.reader.finish()
    for (const { owner, talker, victim, spare } of all) for (const client of [owner, talker, victim, spare]) client.cut()
    const spareViolations = check(this.#spareHistory.entries, truth).filter(({ invariant }) => streamRules.includes(invariant))
    const violations = [...check(this.#history.entries, truth), ...spareViolations]
    return { ...countRemovals(truth), violations, faults: this.#faults }
  }

  async #truth(all: Ring[]): Promise<Truth> {
    const parts = await Promise.all(all.map(({ id, owner }) => readTruth(this.#rest, owner.person, [id])))
    return new Map(parts.flatMap((part) => [...part]))
  }

  async #ring(number: number): Promise<Ring> {
    const [owner, talker, victim] = await Promise.all(['owner', 'talker', 'victim'].map((name) => this.#person(`${name}${number}`)))
    if (owner === undefined || talker === undefined || victim === undefined) throw new Error('three people make a ring')
    const history = number % 2 === 0 ? 'open' : 'hidden'
    const { room } = await this.#rest.call(
      'rooms.create',
      { kind: 'group', title: `Ring ${number}`, members: [talker.id, victim.id], policy: { history } },
      { token: owner.token },
    )
    const ring = {
      id: room.id,
      owner: this.#client(owner),
      talker: this.#client(talker),
      victim: this.#client(victim),
      spare: this.#client(victim, true),
    }
    await Promise.all([ring.owner, ring.talker, ring.victim, ring.spare].map((client) => client.connect()))
    return ring
  }

  async #person(username: string): Promise<Person> {
    const { user, access_token } = await this.#rest.call('accounts.register', { username, password: 'correct horse battery' })
    return { id: user.id, username, token: access_token }
  }

  #client(person: Person, isSpare = false): LoadClient {
    const history = isSpare ? this.#spareHistory : this.#history
    return new LoadClient({ person, port: this.#port, history, unpublished: (error) => this.#faults.push(error.message) })
  }

  async #race(ring: Ring, race: number): Promise<void> {
    const { id: room, owner, talker, victim, spare } = ring
    const user = victim.person.id
    const note = (change: 'enter' | 'leave') => {
      for (const history of [this.#history, this.#spareHistory]) {
        history.note({ user: owner.person.id, conn: owner.conn }, { kind: 'change', room, subject: user, change })
      }
    }
    // In every other race the removed is just connecting, which is the other way onto the room's topic.
    const connecting = race % 2 === 1
    if (connecting) spare.cut()
    const returned = connecting ? spare.closed.then(() => spare.connect()) : undefined
    const position = this.#random.integer(0, burst - 1)
    const work: Promise<unknown>[] = []
    for (let i = 0; i < burst; i += 1) {
      // Spread over the steps of a hello, so that the removal falls between different ones.
      if (connecting) await turns(this.#random.integer(0, 12))
      work.push(this.#send(talker, room), this.#send(victim, room))
      if (i !== position) continue
      note('leave')
      work.push(owner.call('members.remove', { room, user }))
    }
    await Promise.all(work)
    await this.#send(talker, room)
    await returned
    // A round trip of each connection of the removed: whatever was on its way to them has come.
    await Promise.all([victim, spare].map((client) => client.call('accounts.me', {})))
    note('enter')
    await owner.call('members.add', { room, user })
    await Promise.all([victim, spare].map((client) => client.call('accounts.me', {})))
  }

  #send(client: LoadClient, room: string): Promise<unknown> {
    this.#cids += 1
    const cid = `race-${this.#cids}`
    return client.send({ room, cid, body: `Race ${cid}` })
  }
}

/** Lets the event loop go round so often. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

function countRemovals(truth: Truth): { races: number; contested: number } {
  const removals = [...truth.values()].flatMap(({ events }) =>
    events.flatMap(({ type }, i) => (type === 'member.left' ? [events[i + 1]?.type === 'message.created'] : [])),
  )
  return { races: removals.length, contested: removals.filter(Boolean).length }
}
