import { eventually } from '../harness/eventually.ts'
import type { OlderClient, OlderSocket } from '../harness/older-client.ts'
import { Comparison, isListed } from './comparison.ts'
import type { ConnectStep, Difference, HttpStep, PersonStep, Recording, ReceiveStep, SendStep, Step } from './recording.ts'

/**
 * A message in this dialect with a text of ours: sent after something, its arrival proves that nothing else was to come. Null where none
 * can arrive at a socket that has said nothing yet (`silent`): then the next look at it proves it.
 */
export type Marker = (text: string, silent: boolean) => object | null | Promise<object | null>

export type Replay = {
  steps: number
  compared: number
  masked: number
  /** Differences that no entry of the list explains. */
  unlisted: { step: string; at: string; recorded: unknown; ours: unknown }[]
  /** What was found of the list, and what was not: an entry without its difference is out of date. */
  listed: { step: string; at: string; because: string }[]
  stale: Difference[]
}

/** How to carry out a recording against a server of ours. */
export type Means = {
  client: OlderClient
  differences: readonly Difference[]
  marker: Marker
  /** Makes somebody by other means than the API's and answers their number. */
  person?: (step: PersonStep) => Promise<number>
  /** Takes a marker away again that has been seen, where later answers would show it. `kept` are the values kept so far. */
  /** Takes out of an answer what markers, counted by the path of their sockets, have added to it. */
  discount?: (body: unknown, markers: ReadonlyMap<string, number>) => unknown
  /** Whether this API closes the sockets it refuses once they are open, and otherwise says something on each: the result is what came of it. */
  closes?: boolean
  sweep?: (marker: { text: string; path: string; kept: ReadonlyMap<string, string> }) => Promise<void>
}

type Stage = Means & { comparison: Comparison }
type Open = { socket: OlderSocket; path: string; read: number; isSilent: boolean }

const markerText = 'marker-of-the-replay-'

/** Carries out a recording against a server of ours and compares every outcome. Sockets left open are closed at the end. */
export async function replay(recording: Recording, means: Means): Promise<Replay> {
  const { differences } = means
  const comparison = new Comparison(recording.ids)
  const player = new Player({ ...means, comparison })
  const used = new Set<Difference>()
  const report: Replay = { steps: 0, compared: 0, masked: 0, unlisted: [], listed: [], stale: [] }
  try {
    for (const step of recording.steps) {
      const outcome = await player.play(step)
      comparison.kinds = { ...recording.kinds, ...('kinds' in step && step.kinds) }
      const known = differences.filter((one) => one.step === undefined || one.step === step.title)
      for (const found of comparison.compare(outcome.recorded, outcome.ours, known)) {
        const entry = known.find((one) => isListed(one, step.title, found))
        if (entry === undefined) report.unlisted.push({ step: step.title, ...found })
        else {
          used.add(entry)
          report.listed.push({ step: step.title, at: found.at, because: entry.because })
        }
      }
      report.steps++
    }
  } finally {
    await player.end()
  }
  const stale = differences.filter((one) => !used.has(one))
  return { ...report, compared: comparison.compared, masked: comparison.masked, stale }
}

type Outcome = { recorded: unknown; ours: unknown }

class Player {
  readonly #stage: Stage
  readonly #kept = new Map<string, string>()
  readonly #sockets = new Map<string, Open>()
  /** Who spoke last on a path: a marker of theirs is behind whatever they said before. */
  readonly #speakers = new Map<string, Open>()
  #markers = 0
  readonly #marked = new Map<string, number>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  play(step: Step): Outcome | Promise<Outcome> {
    switch (step.kind) {
      case 'person':
        return this.#person(step)
      case 'http':
        return this.#ask(step)
      case 'claims':
        return { recorded: lasting(step.claims), ours: lasting(claimsOf(this.#kept.get(step.token) ?? '')) }
      case 'connect':
        return this.#connect(step)
      case 'send':
        return this.#send(step)
      case 'receive':
        return this.#receive(step)
      case 'close':
        return this.#close(step.socket)
    }
  }

  async end(): Promise<void> {
    await Promise.all([...this.#sockets.values()].map(({ socket }) => socket[Symbol.asyncDispose]()))
  }

  async #person(step: PersonStep): Promise<Outcome> {
    const number = await this.#stage.person?.(step)
    this.#kept.set(`${step.name}.id`, String(number))
    return { recorded: { id: step.id }, ours: { id: number } }
  }

  async #ask({ method, path, bearer, body, text, response, keeps = {} }: HttpStep): Promise<Outcome> {
    const sent = body === undefined ? text : JSON.stringify(body)
    const answer = await this.#stage.client.ask(method, this.#fill(path), {
      ...(bearer !== undefined && { token: this.#fill(bearer) }),
      ...(sent !== undefined && { body: this.#fill(sent), headers: { 'content-type': 'application/json' } }),
    })
    for (const [name, pointer] of Object.entries(keeps)) this.#kept.set(name, String(at(answer.json, pointer)))
    // A header that asks for a token where the original asked for none is an answer of its own.
    const asks = answer.headers.has('www-authenticate') ? ['WWW-Authenticate'] : []
    const told = new Set([...Object.keys(response.headers), ...asks])
    const headers = Object.fromEntries([...told].map((name) => [name, answer.headers.get(name) ?? undefined]))
    const type = answer.headers.get('content-type') ?? ''
    const found = withoutMarkers(answer.json ?? answer.text)
    const ours = { status: answer.status, type, headers, body: this.#stage.discount?.(found, this.#marked) ?? found }
    return { recorded: response, ours }
  }

  async #connect({ title, socket: name, path, headers = {}, result }: ConnectStep): Promise<Outcome> {
    await this.#close(name)
    const address = this.#fill(path)
    const filled = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, this.#fill(value)]))
    const isRefused = this.#listed(title).some(({ at, ours }) => at === '/result' && typeof ours === 'number')
    if (result !== 'open' || isRefused) return { recorded: { result }, ours: { result: await this.#refusal(address, filled) } }
    const socket = await this.#stage.client.open(address, filled)
    this.#sockets.set(name, { socket, path: address.split('?')[0] ?? '', read: 0, isSilent: true })
    return { recorded: { result }, ours: { result: 'open' } }
  }

  /** The status of the handshake; of an API that closes what it refuses, what came of the socket. */
  async #refusal(address: string, headers: Record<string, string>): Promise<number | string> {
    const status = await this.#stage.client.handshake(address, headers)
    if (status !== 101 || this.#stage.closes !== true) return status
    await using socket = await this.#stage.client.open(address, headers)
    await eventually(() => socket.ended !== null || socket.frames.length > 0)
    return socket.ended === null ? 'open' : `closed with ${socket.ended.code}`
  }

  #send({ socket: name, json, text, binary }: SendStep): Outcome {
    const open = this.#open(name)
    const filled = this.#fill(binary ?? text ?? JSON.stringify(json))
    open.socket.send(binary === undefined ? filled : new TextEncoder().encode(filled))
    open.isSilent = false
    this.#speakers.set(open.path, open)
    return { recorded: {}, ours: {} }
  }

  /** Waits for as many frames as are expected, then proves by a marker that there are no more. */
  async #receive({ title, socket: name, frames, closed }: ReceiveStep): Promise<Outcome> {
    const open = this.#open(name)
    const listed = this.#listed(title)
    const expected = frames.length - listed.filter((one) => one.ours === undefined && one.at.startsWith('/frames/')).length
    const ending = listed.find((one) => one.at === '/closed')
    const staysOpen = (ending === undefined ? closed : ending.ours) === null
    await eventually(() => newFrames(open).length >= expected || open.socket.ended !== null)
    if (!staysOpen) await open.socket.closed
    else await this.#mark(open)
    const got = newFrames(open)
    open.read = open.socket.frames.length
    return { recorded: { frames, closed }, ours: { frames: got, closed: open.socket.ended } }
  }

  async #mark(open: Open): Promise<void> {
    const speaker = this.#speakers.get(open.path)
    this.#markers++
    const text = `${markerText}${this.#markers}`
    const from = speaker === undefined || speaker.socket.ended !== null ? open : speaker
    const marker = await this.#stage.marker(text, open.isSilent)
    if (marker === null) return
    from.socket.send(marker)
    this.#marked.set(from.path, (this.#marked.get(from.path) ?? 0) + 1)
    await eventually(() => {
      if (open.socket.ended !== null) throw new Error(`the socket was closed: ${JSON.stringify(open.socket.ended)}`)
      return open.socket.frames.some((frame) => JSON.stringify(frame).includes(`${text}"`))
    })
    await this.#stage.sweep?.({ text, path: open.path, kept: this.#kept })
  }

  async #close(name: string): Promise<Outcome> {
    const open = this.#sockets.get(name)
    this.#sockets.delete(name)
    await open?.socket[Symbol.asyncDispose]()
    return { recorded: {}, ours: {} }
  }

  #listed(title: string): Difference[] {
    return this.#stage.differences.filter((one) => one.step === title)
  }

  #open(name: string): Open {
    const open = this.#sockets.get(name)
    if (open === undefined) throw new Error(`no socket ${name} is open`)
    return open
  }

  #fill(text: string): string {
    const numbered = text.replaceAll(/"\{number ([\w.-]+)\}"/g, (whole, name: string) => this.#kept.get(name) ?? whole)
    const filled = numbered.replaceAll(/\{([\w.-]+)\}/g, (whole, name: string) => this.#kept.get(name) ?? whole)
    return this.#stage.comparison.translate(filled)
  }
}

const isMarker = (value: unknown): boolean => JSON.stringify(value)?.includes(markerText) ?? false
const newFrames = ({ socket, read }: Open): unknown[] => socket.frames.slice(read).filter((frame) => !isMarker(frame))

/** Lists without what the markers left behind. */
function withoutMarkers(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isMarker(item)).map(withoutMarkers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutMarkers(inner)]))
}

const at = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce((inner, key) => (inner as Record<string, unknown>)[key], value)

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}

/** Claims with the time of issue taken out and the form of the token's own id in place of the id: what is left is the same in every run. */
function lasting({ iat, exp, jti, ...claims }: Record<string, unknown>): Record<string, unknown> {
  return { ...claims, seconds: Number(exp) - Number(iat), jti: typeof jti === 'string' ? jti.replaceAll(/[0-9a-f]/g, 'x') : jti }
}
