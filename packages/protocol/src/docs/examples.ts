import { Value } from 'typebox/value'
import type { Profile, Session } from '../accounts.ts'
import { ChatError, type ErrorCode, errors, type Problem, problemOf } from '../errors.ts'
import type { WireError } from '../frames.ts'
import type { Invite } from '../invites.ts'
import type { RoomEventFrame } from '../logs.ts'
import type { Message } from '../messages.ts'
import type { Policy, Room, Stay } from '../room-shapes.ts'
import type { TSchema, UserBrief } from '../schema.ts'
import type { Login } from '../sessions.ts'
import type { Account, User } from '../users.ts'
import { componentName, type Json, type JsonObject } from './components.ts'

const id = (last: string) => `019a3f0e-5b7c-7d21-9c44-0000000000${last}`
const at = '2026-11-20T17:49:34.699Z'
const alice = { id: id('a1'), username: 'alice' } satisfies UserBrief
const bob = { id: id('b0'), username: 'bob' } satisfies UserBrief
const room = id('c1')
const session = id('d1')

const profile = { ...alice, email: 'alice@example.org', first_name: 'Alice', last_name: 'Liddell', created_at: at } satisfies Profile

const policy = {
  read: 'users',
  join: 'users',
  post: 'users',
  add: 'members',
  remove: 'admins',
  manage: 'admins',
  history: 'open',
  listed: 'users',
} satisfies Policy

const stay = { role: 'member', joined_at: at, read: 555, unread: 1 } satisfies Stay

const message = {
  id: id('e1'),
  room,
  seq: 1043,
  n: 556,
  rev: 1043,
  sender: alice,
  cid: '0197-first-try',
  kind: 'text',
  content: 'Hello, everybody!',
  created_at: at,
} satisfies Message

const created = { ev: 'message.created', room, seq: message.seq, n: message.n, at, data: message } satisfies RoomEventFrame

const tokens = { access_token: 'eyJhbGciOiJ…', expires_in: 900, refresh_token: 'prt_4c1d…', refresh_expires_in: 2_592_000 }

const samples: Record<string, Json> = {
  Id: message.id,
  RoomRef: room,
  UserRef: bob.id,
  Cid: message.cid,
  Timestamp: at,
  Meta: { color: 'teal' },
  Emoji: '👍',
  UserBrief: bob,
  User: { ...bob, first_name: 'Bob', last_name: 'Marsh' } satisfies User,
  Profile: profile,
  Session: { user: profile, session, ...tokens } satisfies Session,
  Login: {
    id: session,
    door: 'native',
    agent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0',
    created_at: at,
    used_at: at,
    expires_at: '2026-12-20T17:49:34.699Z',
    current: true,
  } satisfies Login,
  Invite: {
    id: id('f0'),
    room,
    role: 'member',
    by: alice,
    uses: 0,
    max_uses: 1,
    created_at: at,
    expires_at: '2026-11-27T17:49:34.699Z',
  } satisfies Invite,
  Account: { ...profile, state: 'active', admin: false } satisfies Account,
  Role: 'member',
  RoomKind: 'public',
  Policy: policy,
  Stay: stay,
  Room: {
    id: room,
    kind: 'public',
    name: 'general',
    title: 'General',
    description: null,
    meta: null,
    policy,
    archived: false,
    slow_mode_s: 0,
    creator: alice,
    peer: null,
    created_at: at,
    seq: 1043,
    n: 556,
    ttl_s: null,
    floor_seq: 0,
    floor_n: 0,
    members: 12,
    large: false,
    me: stay,
  } satisfies Room,
  Message: message,
  MessageCreatedEvent: created,
  RoomEventFrame: created,
  WireError: { code: 'not_found', detail: errors.not_found.text } satisfies WireError,
}

/** What a field of that name shows, where its schema allows the value. */
const byKey: Record<string, Json> = {
  ...profile,
  ...message,
  username: 'alice',
  by: alice,
  password: 'correct horse battery',
  name: 'general',
  title: 'General',
  user: bob.id,
  users: [bob.id],
  session,
  ...tokens,
  token: tokens.access_token,
  auth: tokens.access_token,
  after: 1042,
  upto: 1043,
  floor: 0,
  to: room,
  ttl_s: 86_400,
  read: 555,
  unread: 1,
  limit: 50,
  open: room,
  close: room,
  opened: room,
  refused: room,
  reset: [room],
  watch: [bob.id],
  rooms: { [room]: 1042 },
  head: [[room, 1043, 556]],
  useq: 812,
  epoch: 'e7',
  client: 'web/1.4',
  conn: 'c-17',
  protocol: '1.0',
  heartbeat: 25_000,
  limits: { content_chars: 4000 },
  expires_ms: 6000,
  code: 4503,
  reason: 'drain',
  reconnect_ms: 1200,
  jitter_ms: 4000,
  cursor: 'WyJib2IiXQ',
  next: null,
  query: 'bo',
  more_after: false,
}

/** Optional fields that an example shows; the others it leaves out. */
const shown = new Set([
  'cid',
  'name',
  'title',
  'content',
  'email',
  'resume',
  'client',
  'typing',
  'refresh_token',
  'reconnect_ms',
  'jitter_ms',
])

type Node = TSchema & {
  const?: Json
  enum?: Json[]
  anyOf?: Node[]
  type?: string
  properties?: Record<string, Node>
  required?: string[]
  items?: Node
  default?: Json
  minimum?: number
}

/** A value of the schema, the same at each call, taken from one small world of two people and a room. */
export function exampleOf(schema: TSchema, key = ''): Json {
  const node = schema as Node
  const known = byKey[key]
  if (known !== undefined && Value.Check(schema, known)) return known
  const sample = samples[componentName(schema) ?? '']
  if (sample !== undefined) return sample
  if (node.const !== undefined) return node.const
  if (node.enum?.[0] !== undefined) return node.enum[0]
  if (node.anyOf?.[0]) return exampleOf(node.anyOf[0], key)
  if (node.default !== undefined) return node.default
  if (node.type === 'object') return objectOf(node)
  if (node.type === 'array') return node.items ? [exampleOf(node.items, key)] : []
  if (node.type === 'integer') return Math.max(node.minimum ?? 1, 1)
  return node.type === 'boolean' ? true : node.type === 'string' ? 'text' : null
}

function objectOf(node: Node): JsonObject {
  const required = node.required ?? []
  const fields = Object.entries(node.properties ?? {}).filter(([name]) => required.includes(name) || shown.has(name))
  return Object.fromEntries(fields.map(([name, field]) => [name, exampleOf(field, name)]))
}

/** The problem document of a code, as REST answers it. */
export function exampleProblem(code: ErrorCode): Problem {
  const faults = code === 'invalid_input' ? [{ path: '/content', code: 'required', message: 'must be present' }] : undefined
  return problemOf(
    new ChatError(code, { ...(errors[code].retry === 'later' && { retry_ms: 800 }), ...(faults && { errors: faults }) }),
    '019a3f0e-5b7c-7d21-9c44-0000000000f1',
  )
}
