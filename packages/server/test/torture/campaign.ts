import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { createRest } from '../harness/rest.ts'
import { check, type Violation } from './checker.ts'
import { History, type Truth } from './history.ts'
import { readTruth } from './load/audit.ts'
import { Churn } from './load/churn.ts'
import { Crew, type Settled } from './load/crew.ts'
import { Traffic } from './load/traffic.ts'
import { makeWorld, type World } from './load/world.ts'
import type { Random } from './random.ts'
import { complaintsIn, freePort, readLog, ServerProcess, type ServerPlace } from './server-process.ts'

export type CampaignOptions = {
  root: string
  /** Settings of the server by their environment names, such as another database. */
  env?: Record<string, string>
  random: Random
  /** Kills that count: those that left a send in doubt, out of at least `leastRate` sends per second. */
  kills: number
  print(line: string): void
}

export type Kill = {
  after_ms: number
  offered: number
  per_second: number
  acked: number
  unanswered: number
  settled: Settled
  ready_ms: number
}

/** `faults`: what went wrong beside the invariants, such as frames that are not as published or errors in the server's log. */
export type CampaignResult = { kills: Kill[]; violations: Violation[]; faults: string[]; acked: number; events: number; entries: number }

/** Sends per second that are offered, and so many have to be, or a kill proves too little and does not count. */
const rate = 1_300
const leastRate = 1_000
/** A machine too busy for the load must not go on for ever. */
const triesPerKill = 4
const cutEveryMs = 120
const patience = { timeout_ms: 30_000, every_ms: 5 }

/** One server, one data directory, many deaths: traffic without a pause, a verdict in the end. */
export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const dir = mkdtempSync(join(tmpdir(), 'parlance-torture-'))
  try {
    return await new Campaign(options, { root: options.root, dataDir: join(dir, 'data'), port: freePort(), env: options.env ?? {} }).run()
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

class Campaign {
  readonly #options: CampaignOptions
  readonly #place: ServerPlace
  readonly #history = new History(() => performance.now())
  readonly #faults: string[] = []
  #server: ServerProcess

  constructor(options: CampaignOptions, place: ServerPlace) {
    this.#options = options
    this.#place = place
    this.#server = new ServerProcess(place)
  }

  async run(): Promise<CampaignResult> {
    try {
      await this.#server.ready()
      const rest = createRest(`http://127.0.0.1:${this.#place.port}`)
      const world = await makeWorld(rest)
      const fault = (text: string) => this.#faults.push(text)
      const { random } = this.#options
      const crew = new Crew({ world, rest, port: this.#place.port, history: this.#history, random, fault })
      const traffic = new Traffic({ world, crew, random, rate, fault })
      const churn = new Churn({ world, crew, traffic, history: this.#history, random, fault })
      crew.start()
      crew.serverIsUp()
      await eventually(() => crew.isSettled, patience)
      const kills = await this.#killAll({ crew, traffic, churn })
      const truth = await this.#finish(crew, world)
      return this.#judge(kills, truth, traffic.acked)
    } finally {
      await this.#server[Symbol.asyncDispose]()
    }
  }

  async #killAll({ crew, traffic, churn }: { crew: Crew; traffic: Traffic; churn: Churn }): Promise<Kill[]> {
    const kills: Kill[] = []
    traffic.start()
    churn.start()
    const cuts = setInterval(() => churn.cutSomebody(), cutEveryMs)
    try {
      for (let tries = 1; kills.length < this.#options.kills; tries += 1) {
        if (tries > this.#options.kills * triesPerKill) throw new Error('this machine is too busy to offer the load')
        const kill = await this.#kill(crew, traffic)
        const counts = kill.unanswered > 0 && kill.per_second >= leastRate
        if (counts) kills.push(kill)
        this.#options.print(`${counts ? `kill ${kills.length}` : 'a kill that does not count'}: ${line(kill)}`)
      }
    } finally {
      clearInterval(cuts)
      traffic.stop()
    }
    await churn.end()
    return kills
  }

  async #kill(crew: Crew, traffic: Traffic): Promise<Kill> {
    const { offered, acked } = traffic
    const began = performance.now()
    await this.#server.killLater(this.#options.random.integer(200, 3_000))
    const after_ms = performance.now() - began
    crew.serverIsGone()
    this.#server = new ServerProcess(this.#place)
    await eventually(() => crew.areAllCut, patience)
    const unanswered = crew.countDoubts()
    const sent = traffic.offered - offered
    const counts = { offered: sent, per_second: sent / (after_ms / 1000), acked: traffic.acked - acked }
    await this.#server.ready()
    const ready_ms = performance.now() - this.#server.startedAt
    crew.serverIsUp()
    await eventually(() => crew.isSettled, patience).catch(() => {
      throw new Error(`the clients did not all come back: ${crew.state}`)
    })
    return { after_ms, ...counts, unanswered, settled: { ...crew.settled }, ready_ms }
  }

  /** Waits until everybody has everything, then reads the log. What does not come in time is for the checker to say. */
  async #finish(crew: Crew, world: World): Promise<Truth> {
    const rooms = world.rooms.map(({ id }) => id)
    const rest = createRest(`http://127.0.0.1:${this.#place.port}`)
    await eventually(() => crew.isSettled && crew.all.every((client) => client.inFlight === 0), patience)
    const truth = await readTruth(rest, world.keeper, rooms)
    const isLevel = () =>
      crew.all.every(({ reader }) => [...reader.feeds].every(([room, feed]) => feed.local === truth.get(room)?.head.seq))
    await eventually(isLevel, { timeout_ms: 5_000 }).catch(() => undefined)
    for (const { reader } of crew.all) reader.finish()
    crew.end()
    return truth
  }

  #judge(kills: Kill[], truth: Truth, acked: number): CampaignResult {
    this.#faults.push(...complaintsIn(readLog(this.#place)).map((complaint) => `the server's log: ${complaint.slice(0, 500)}`))
    const events = [...truth.values()].reduce((sum, room) => sum + room.events.length, 0)
    const { entries } = this.#history
    return { kills, violations: check(entries, truth), faults: this.#faults, acked, events, entries: entries.length }
  }
}

function line({ after_ms, offered, per_second, acked, unanswered, settled, ready_ms }: Kill): string {
  const load = `${offered} sends offered (${Math.round(per_second)}/s), ${acked} acked, ${unanswered} unanswered`
  const retries = `settled by retry: ${settled.found} found, ${settled.written} written now, ${settled.refused} refused`
  return `after ${(after_ms / 1000).toFixed(2)} s: ${load}; ${retries}; ready again in ${Math.round(ready_ms)} ms`
}
