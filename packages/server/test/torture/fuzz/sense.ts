import type { OperationName } from '@parlance/protocol'
import type { Random } from '../random.ts'
import { type FuzzWorld, password, type Scene } from './world.ts'

type Fields = Record<string, unknown>
type Sense = (input: Fields, circumstances: { world: FuzzWorld; scene: Scene; random: Random }) => void

const without = (input: Fields, ...names: string[]): void => {
  for (const name of names) delete input[name]
}

/** Any password drawn that is long enough when something is put behind it. */
const choosePassword: Sense = (input) => {
  const { password: drawn } = input
  if (typeof drawn !== 'string' || drawn.length > 40) return
  input.password = `${drawn.replaceAll('\u0000', '')} behind it`
}

/** Of a policy what a room without outsiders may have. */
const choosePolicy: Sense = (input, { random }) => {
  const { policy } = input
  if (random.chance(0.3)) without(input, 'policy')
  if (typeof policy !== 'object' || policy === null) return
  input.policy = Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== 'users' && value !== 'anyone'))
}

/** What the schema of an input cannot say: rules between fields, names that exist, tokens that are good. */
const rules: Partial<Record<OperationName, Sense>> = {
  'accounts.register': (input, { world, random }) => {
    Object.assign(input, { username: `new.${world.next()}`, password })
    without(input, 'email', 'invite', random.chance(0.7) ? 'session' : '')
    if (random.chance(0.2)) input.invite = world.code
  },
  'accounts.login': (input, { scene, random }) => {
    Object.assign(input, { username: scene.actor.username, password })
    without(input, random.chance(0.7) ? 'session' : '')
  },
  'accounts.logout': (input) => without(input, 'refresh_token'),
  'accounts.password': choosePassword,
  'recovery.redeem': choosePassword,
  'users.set_password': choosePassword,
  'accounts.refresh': (input, { world, random }) => {
    // Mostly the newest ones: a token spent long ago ends its session.
    const ticket = world.tickets.at(-1 - random.integer(0, Math.min(10, world.tickets.length - 1)))
    if (ticket !== undefined) input.refresh_token = ticket
  },
  'accounts.update': (input, { world }) => {
    if (input.email !== undefined) input.email = `mail${world.next()}@example.org`
  },
  'rooms.create': (input, { world, random }) => {
    if (input.kind === 'public' || input.name !== undefined) input.name = `room-${world.next()}`
    if (random.chance(0.8)) without(input, 'policy')
    if (Array.isArray(input.members)) input.members = input.members.filter((one) => one !== 'me')
  },
  'rooms.update': (input, circumstances) => {
    choosePolicy(input, circumstances)
    if (typeof input.name === 'string') input.name = `room-${circumstances.world.next()}`
    input.title ??= null
  },
  'messages.list': (input, { random }) => {
    const one = random.pick(['before', 'after', 'around', 'none'])
    without(input, ...['before', 'after', 'around'].filter((name) => name !== one))
  },
  'messages.edit': (input, { random }) => {
    if (random.chance(0.5) || input.content === undefined) input.content = 'edited'
    without(input, 'mentions')
  },
  'reactions.add': (input, { random }) => {
    if (random.chance(0.8)) input.emoji = random.pick(['👍', '🎈', ':ship:'])
  },
  'reactions.remove': (input, { random }) => {
    if (random.chance(0.8)) input.emoji = random.pick(['👍', '🎈', ':ship:'])
  },
  'reactions.list': (input, { random }) => {
    if (random.chance(0.8)) without(input, 'emoji')
  },
  'messages.send': (input, { random }) => {
    if (random.chance(0.7)) without(input, 'mentions')
  },
}

/** Makes most inputs of an operation such that the server has no reason to refuse them. */
export function makeSense(op: OperationName, input: unknown, circumstances: { world: FuzzWorld; scene: Scene; random: Random }): void {
  const rule = rules[op]
  if (rule === undefined || typeof input !== 'object' || input === null || !circumstances.random.chance(0.92)) return
  rule(input as Fields, circumstances)
}
