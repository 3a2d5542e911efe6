import { limits, type OperationName, type TSchema, up } from '@parlance/protocol'
import fc from 'fast-check'
import type { Rest } from '../../harness/rest.ts'
import type { Random } from '../random.ts'
import { opcodes } from '../wire/websocket.ts'
import { valuesOf } from './arbitraries.ts'
import type { Deck } from './deck.ts'
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
export async function fuzzRest({ rest, world, deck, tally, random }: FuzzDeps): Promise<void> {
  for (let op = deck.next(); op !== undefined; op = deck.next()) {
    if (random.chance(0.03)) await askNonsense(rest, tally, random)
    const { input, scene } = deck.input(op)
    const dice = random.next()
    const sent = dice < mutated ? mutateValue(input, random, tooDeep) : input
    const spoil = (body: string) => mutateText(body, random, limits.body_bytes)
    const isSpoilt = dice > 1 - spoilt
    const output = await askRest(rest, tally, {
      op,
      input: sent,
      token: random.chance(0.99) ? scene.actor.token : null,
      ...(isSpoilt && { spoil }),
    })
    note(world, { op, input: sent, output, actor: scene.actor })
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

async function askOn(socket: FuzzSocket, actor: Actor, { world, deck, tally, random }: FuzzDeps): Promise<void> {
  for (let op = socket.isOpen ? deck.next() : undefined; op !== undefined; op = socket.isOpen ? deck.next() : undefined) {
    const { input } = deck.input(op, actor)
    const sent = random.chance(mutated) ? mutateValue(input, random, deep) : input
    const answer = await socket.call(op, sent)
    if ('ok' in answer) {
      tally.count(op, true)
      note(world, { op, input: sent, output: answer.ok, actor })
    } else if ('err' in answer) tally.refused(op, answer.err, JSON.stringify(sent)?.slice(0, 300) ?? 'nothing')
    else {
      tally.count(op, false)
      // A frame that is too large ends the socket; none of these is.
      tally.fail(`${op} ended a socket with ${answer.closed}: ${JSON.stringify(sent)?.slice(0, 300)}`)
    }
  }
}

type Noted = { op: OperationName; input: unknown; output: unknown; actor: Actor }

function note(world: FuzzWorld, { op, input, output, actor }: Noted): void {
  if (output === undefined) return
  if (op === 'messages.delete') world.forget((input as { message?: unknown }).message)
  world.learn(op, actor, output)
}

/** Registers, signs in, refreshes and signs out, half of it over sockets: every sign-out ends a session made for it. */
export async function fuzzSigning({ rest, port, world, deck, tally, random }: FuzzDeps): Promise<void> {
  for (let op = deck.nextSigning(); op !== undefined; op = deck.nextSigning()) {
    const { input, scene } = deck.input(op)
    const isLogout = op === 'accounts.logout'
    const spare = isLogout ? world.spare.shift() : undefined
    const token = spare?.token ?? scene.actor.token
    if (isLogout && spare === undefined) continue
    if (random.chance(0.5)) {
      const output = await askRest(rest, tally, { op, input, token: isLogout ? token : null })
      note(world, { op, input, output, actor: scene.actor })
      continue
    }
    const socket = await FuzzSocket.open(port, tally)
    if (await socket.hello({ token })) {
      const answer = await socket.call(op, input)
      if ('ok' in answer) {
        tally.count(op, true)
        note(world, { op, input, output: answer.ok, actor: scene.actor })
      } else if ('err' in answer) tally.refused(op, answer.err, JSON.stringify(input))
      // The sign-out may close the socket before its answer is out.
      else tally.count(op, isLogout && answer.closed === 4401)
    }
    socket.end()
  }
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
  const { hello } = draw(up.hello, actor, deps) as { hello: Record<string, unknown> }
  if (deps.random.chance(0.8)) hello.token = actor.token
  deps.tally.count('frame hello', await socket.hello(hello))
}

function draw(schema: TSchema, actor: Actor, { random, world }: FuzzDeps): Record<string, unknown> {
  const [drawn] = fc.sample(valuesOf(schema), { numRuns: 1, seed: random.integer(0, 2 ** 31 - 1) })
  return world.fill(drawn, world.scene('rooms.get', actor), 'rooms.get') as Record<string, unknown>
}

async function sendFrame(socket: FuzzSocket, actor: Actor, deps: FuzzDeps): Promise<void> {
  const { tally, random } = deps
  const [name, schema] = random.pick(frames)
  const frame = draw(schema, actor, deps)
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
