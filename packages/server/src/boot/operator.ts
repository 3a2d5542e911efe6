import { ChatError, findOperation, limits, type OperationName } from '@parlance/protocol'
import type { Actor, Call, Door, Gate } from '../dispatch.ts'
import { native } from '../dialects/native/native.ts'
import { usernameKey } from '../rules/usernames.ts'
import type { UserRow } from '../store/rows.ts'
import type { Operator } from '../transport/control.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../base/log.ts'
import { type House, openHouse, operatorGate, ownTokens } from './house.ts'
import { createRoomDesk } from './operator-rooms.ts'

const distantFuture = 8_640_000_000_000_000

/**
 * What commands on this machine may ask: any operation of the catalog in the name of a user (`{as, op, in}`), an admin's in nobody's
 * (`{op, in}`), `{user: {…}}` to make an account whatever the registration setting, also as an admin, `{token: name}` for an access token
 * of an account, `{rooms: {query, after}}` and `{room: ref}` to see what rooms there are, `{health: true}` to see whether the database answers,
 * and `{vital: true}` for what a running server knows of itself.
 */
export function createOperator(house: House, gate: Gate, vital: () => object = () => ({})): Operator {
  const { door } = native(ownTokens(house.config))

  const desk = createRoomDesk(house)
  const find = async (username: string): Promise<UserRow> => {
    const user = await house.store.users.byNameKey(usernameKey(username))
    if (user === undefined) throw new ChatError('not_found', { detail: `There is no user ${username}.` })
    return user
  }
  const actAs = async (username: string): Promise<Actor> => {
    const user = await find(username)
    return { number: user.number, id: user.id, username: user.username, session: `operator:${user.id}`, expiresAt: distantFuture }
  }

  return async (request) => {
    if (typeof request.user === 'object' && request.user !== null) return createUser(house, door, request.user as Record<string, unknown>)
    if (typeof request.rooms === 'object' && request.rooms !== null) return desk.list(pageOf(request.rooms as Record<string, unknown>))
    if (typeof request.room === 'string') return desk.show(request.room)
    if (request.vital === true) return vital()
    if (request.health === true) return house.store.ping()
    const call = { actor: null, lane: null, door, requestId: house.newId(), address: 'control' }
    if (typeof request.token === 'string') return accessToken(house, call, await find(request.token))
    const { as, op, in: input = {} } = request
    if (typeof op !== 'string' || findOperation(op) === undefined) throw new ChatError('unknown_operation')
    if (typeof as === 'string') return gate.call(op as OperationName, { ...call, actor: await actAs(as) }, input)
    return gate.call(op as OperationName, { ...call, operator: true }, input)
  }
}

const pageOf = ({ query, after }: Record<string, unknown>) => ({
  query: typeof query === 'string' ? query : '',
  after: typeof after === 'number' ? after : null,
})

/** A login of its own that ends with its token: nothing else can be had with it. */
async function accessToken({ services }: House, call: Call, user: UserRow): Promise<{ token: string; expires_in: number }> {
  const { access } = call.door.tokens
  const door = { ...call.door, tokens: { access, refresh: access } }
  const { session } = services.logins.begin({ ...call, door })
  const outcome = await services.store.queue.write('sessions.create', { user: user.number, session, atMost: limits.user_sessions })
  if (outcome.status === 'refused') throw new ChatError('suspended')
  services.sessions.ended(outcome)
  const grant = { sub: user.id, uno: user.number, sid: session.id, username: user.username }
  const token = await services.tokens.signAccess(grant, { now: session.created_at, seconds: access })
  services.log.info('an operator made an access token', { user: user.id, session: session.id })
  return { token, expires_in: access }
}

async function createUser({ services }: House, door: Door, fields: Record<string, unknown>) {
  const { username, password, email, admin } = fields
  if (typeof username !== 'string' || typeof password !== 'string') throw new ChatError('invalid_input')
  const applicant = { username, password, ...(typeof email === 'string' && { email }) }
  const user = await services.registrar.create(applicant, { door, admin: admin === true, session: null, byOperator: true })
  return { id: user.id, username: user.username, admin: user.admin }
}

/** The operator without a server: takes the data directory for itself until disposed. */
export async function openOperator(config: Config, log: Logger): Promise<AsyncDisposable & { ask: Operator }> {
  const house = await openHouse(config, log)
  return { ask: createOperator(house, operatorGate(house)), [Symbol.asyncDispose]: () => house[Symbol.asyncDispose]() }
}
