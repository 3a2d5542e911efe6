import { findOperation, limits, type OperationName, type TSchema, up } from '@parlance/protocol'
import fc from 'fast-check'
import type { Rest } from '../../harness/rest.ts'
import type { Random } from '../random.ts'
import { opcodes } from '../wire/websocket.ts'
import { valuesOf } from './arbitraries.ts'
import type { Deck, Drawn } from './deck.ts'
import { FuzzSocket } from './fuzz-socket.ts'
import { mutateText, mutateValue } from './mutations.ts'
import { askNonsense, askRest } from './rest-door.ts'
import type { Tally } from './tally.ts'
import type { Actor, FuzzWorld } from './world.ts'

export type FuzzDeps = { rest: Rest; port: number; world: FuzzWorld; deck: Deck; tally: Tally; random: Random }

/** Of what is sent so much has something wrong in its values, and so much in its bytes. */
const mutated = 0.2
const spoilt = 0.08

/** Deeper than the published bound, and well within it: over a socket the first ends the connection. */
const tooDeep = 100
const deep = limits.json_depth - 10

/** Asks ordinary operations over HTTP until there are none left. */
export async function fuzzRest(deps: FuzzDeps): Promise<void> {
  const { rest, deck, tally, random } = deps
  for (let op = deck.next(); op !== undefined; op = deck.next()) {
    if (random.chance(0.03)) await askNonsense(rest, tally, random)
    const drawn = await draw(op, deps)
    if (drawn !== undefined) await askOnce(drawn, random.chance(0.99) ? drawn.scene.actor.token : null, deps)
  }
}

/** Asks ordinary operations over one actor's socket, several at once, until there are none left. */
export async function fuzzSocket(deps: FuzzDeps, actor: Actor): Promise<void> {
  const { port, tally, deck } = deps
  while (deck.left > 0) {
    const socket = await FuzzSocket.open(port, tally)
    if (!(await socket.hello({ token: actor.token }))) {
      tally.fail(`a good hello was refused (closed with ${socket.closeCode})`)
      return
    }
    await Promise.all(Array.from({ length: 6 }, () => askOn(socket, actor, deps)))
    socket.end()
  }
}

async function askOn(socket: FuzzSocket, actor: Actor, deps: FuzzDeps): Promise<void> {
  const { deck, random } = deps
  for (let op = socket.isOpen ? deck.next() : undefined; op !== undefined; op = socket.isOpen ? deck.next() : undefined) {
    const drawn = await draw(op, deps, actor)
    if (drawn === undefined) continue
    await askThere(socket, { drawn, sent: random.chance(mutated) ? mutateValue(drawn.input, random, deep) : drawn.input }, deps)
  }
}

/** Asks what begins and ends logins and accounts, and what admins do: half of it over HTTP, half over a socket opened for it. */
export async function fuzzApart(deps: FuzzDeps): Promise<void> {
  const { port, deck, tally, random } = deps
  const accepted = (name: OperationName) => tally.counts.get(name)?.accepted ?? 0
  for (let op = deck.nextApart(accepted); op !== undefined; op = deck.nextApart(accepted)) {
    const drawn = await draw(op, deps)
    if (drawn === undefined) continue
    const { token } = drawn.scene.actor
    const isOpenToAll = findOperation(op)?.auth === 'none'
    if (random.chance(0.5)) {
      await askOnce(drawn, isOpenToAll ? null : token, deps)
      continue
    }
    const socket = await FuzzSocket.open(port, tally)
    const sent = random.chance(mutated) ? mutateValue(drawn.input, random, deep) : drawn.input
    if (await socket.hello({ token })) await askThere(socket, { drawn, sent }, deps)
    else tally.fail(`a good hello was refused (closed with ${socket.closeCode}) before ${op}`)
    socket.end()
  }
}

/** What cannot be asked because its scene could not be set is a failure of its own. */
async function draw(op: OperationName, { deck, tally }: FuzzDeps, actor?: Actor): Promise<Drawn | undefined> {
  try {
    return await deck.draw(op, actor)
  } catch (error) {
    tally.fail(`the scene of ${op} could not be set: ${String(error)}`)
    return undefined
  }
}

async function askOnce(drawn: Drawn, token: string | null, deps: FuzzDeps): Promise<void> {
  const { rest, tally, random } = deps
  const { op, input } = drawn
  const dice = random.next()
  const sent = dice < mutated ? mutateValue(input, random, tooDeep) : input
  const spoil = (body: string) => mutateText(body, random, limits.body_bytes)
  const isSpoilt = dice > 1 - spoilt
  const output = await askRest(rest, tally, { op, input: sent, token, ...(isSpoilt && { spoil }) })
  note(drawn, { sent: isSpoilt ? null : sent, output }, deps)
}

/** These end the socket they are asked on, which may be closed before their answer is out. */
const ending: ReadonlySet<OperationName> = new Set(['accounts.logout', 'accounts.logout_all', 'accounts.delete'])

async function askThere(socket: FuzzSocket, { drawn, sent }: { drawn: Drawn; sent: unknown }, deps: FuzzDeps): Promise<void> {
  const { tally } = deps
  const { op } = drawn
  const answer = await socket.call(op, sent)
  if ('ok' in answer) {
    tally.count(op, true)
    note(drawn, { sent, output: answer.ok }, deps)
  } else if ('err' in answer) {
    tally.refused(op, answer.err, JSON.stringify(sent)?.slice(0, 300) ?? 'nothing')
    note(drawn, { sent, output: undefined }, deps)
  } else {
    const isEnded = ending.has(op) && answer.closed === 4401
    tally.count(op, isEnded)
    // A frame that is too large ends the socket; none of these is.
    if (!isEnded) tally.fail(`${op} ended a socket with ${answer.closed}: ${JSON.stringify(sent)?.slice(0, 300)}`)
  }
}

/** `output` is undefined where it was refused. */
function note(drawn: Drawn, { sent, output }: { sent: unknown; output: unknown }, { world, deck }: FuzzDeps): void {
  const { op, scene } = drawn
  deck.settle(drawn, sent, output !== undefined)
  if (output === undefined) return
  if (op === 'messages.delete') world.forget((sent as { message?: unknown } | null)?.message)
  world.learn(op, scene.actor, output)
}

const frames = Object.entries(up).filter(([name]) => name !== 'op' && name !== 'hello')

/** Sends frames of every kind, whole and broken, over sockets that are opened anew whenever the server has had enough of one. */
export async function fuzzFrames(deps: FuzzDeps, actor: Actor, count: number): Promise<void> {
  const { port, tally, random } = deps
  for (let left = count; left > 0; ) {
    const socket = await FuzzSocket.open(port, tally)
    const dice = random.next()
    if (dice < 0.6) await socket.hello({ token: actor.token })
    else if (dice < 0.9) {
      left -= 1
      await greet(socket, actor, deps)
    }
    for (let i = random.integer(1, 12); i > 0 && left > 0 && socket.isOpen; i -= 1) {
      left -= 1
      await sendFrame(socket, actor, deps)
    }
    socket.end()
  }
}

/** A hello as the schema has it: with positions of rooms and epochs that never were. */
async function greet(socket: FuzzSocket, actor: Actor, deps: FuzzDeps): Promise<void> {
  const { hello } = drawFrame(up.hello, actor, deps) as { hello: Record<string, unknown> }
  if (deps.random.chance(0.8)) hello.token = actor.token
  deps.tally.count('frame hello', await socket.hello(hello))
}

function drawFrame(schema: TSchema, actor: Actor, { random, world }: FuzzDeps): Record<string, unknown> {
  const [drawn] = fc.sample(valuesOf(schema), { numRuns: 1, seed: random.integer(0, 2 ** 31 - 1) })
  return world.fill(drawn, world.scene('rooms.get', actor), 'rooms.get') as Record<string, unknown>
}

async function sendFrame(socket: FuzzSocket, actor: Actor, deps: FuzzDeps): Promise<void> {
  const { tally, random } = deps
  const [name, schema] = random.pick(frames)
  const frame = drawFrame(schema, actor, deps)
  if (name === 'auth' && random.chance(0.8)) frame.auth = actor.token
  const dice = random.next()
  if (dice < 0.5) {
    const isAccepted = name === 'open' ? await socket.open(frame.open, frame.after) : await plain(socket, frame)
    tally.count(`frame ${name}`, isAccepted)
  } else if (dice < 0.75) {
    tally.count('a mutated frame', await plain(socket, mutateValue(frame, random, tooDeep)))
  } else if (dice < 0.92) {
    socket.bytes(mutateText(JSON.stringify(frame), random, limits.frame_bytes))
    tally.count('a frame with broken bytes', await socket.barrier())
  } else {
    socket.bytes(Buffer.from(JSON.stringify(frame)), random.pick([opcodes.binary, opcodes.continuation, opcodes.ping, opcodes.pong, 3, 11]))
    tally.count('a frame of another kind', await socket.barrier())
  }
}

function plain(socket: FuzzSocket, frame: unknown): Promise<boolean> {
  socket.text(JSON.stringify(frame) ?? 'undefined')
  return socket.barrier()
}
