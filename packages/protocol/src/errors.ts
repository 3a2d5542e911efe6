import { Closed, OneOf, type Static, Type } from './schema.ts'

type Row = { status: number; retry: 'no' | 'same' | 'later'; text: string }

const row = (status: number, retry: Row['retry'], text: string): Row => ({ status, retry, text })

/**
 * The one table of errors. A code is permanent. `retry`: `no` the same request will fail again; `later` it may succeed after `retry_ms`;
 * `same` its outcome is unknown, so repeat it with the same `cid`. Every code but `unknown_outcome` means that the request wrote nothing.
 */
export const errors = {
  malformed: row(400, 'no', 'The body or frame is not well-formed JSON in UTF-8, or is nested too deeply.'),
  invalid_input: row(400, 'no', 'Fields are missing, unknown or of the wrong shape; `errors` lists them.'),
  invalid_cursor: row(400, 'no', 'The cursor was not made by this list.'),
  host_not_allowed: row(400, 'no', 'The Host header names a host this server does not answer for.'),
  unauthenticated: row(401, 'no', 'No valid access token was sent.'),
  token_expired: row(401, 'no', 'The access token has expired; refresh it.'),
  invalid_credentials: row(401, 'no', 'Username or password is wrong.'),
  invalid_refresh: row(401, 'no', 'The refresh token is unknown, expired or already spent.'),
  forbidden: row(403, 'no', 'You may not do this here.'),
  wrong_password: row(403, 'no', 'The current password is wrong.'),
  banned: row(403, 'no', 'The user is banned from this room.'),
  muted: row(403, 'later', 'You are muted in this room; where the mute ends by itself, `retry_ms` says when.'),
  suspended: row(403, 'no', 'This account is suspended.'),
  invite_required: row(403, 'no', 'This server takes registrations by invitation only.'),
  registration_closed: row(403, 'no', 'This server does not take registrations.'),
  not_found: row(404, 'no', 'There is no such thing, or it is not yours to see.'),
  unknown_operation: row(404, 'no', 'The catalog has no operation of that name.'),
  method_not_allowed: row(405, 'no', 'This path does not answer that method.'),
  username_taken: row(409, 'no', 'Another account has this username.'),
  email_taken: row(409, 'no', 'Another account owns this address.'),
  name_taken: row(409, 'no', 'Another room has this name.'),
  cid_conflict: row(409, 'no', 'This cid was used before for a different request.'),
  last_owner: row(409, 'no', 'The last owner cannot leave while others remain.'),
  room_archived: row(409, 'no', 'The room is archived: it can be read, and nobody joins or posts.'),
  list_full: row(409, 'no', 'The list is as long as it may be.'),
  room_full: row(409, 'no', 'The room has as many members as it may have.'),
  too_many_invites: row(409, 'no', 'There are as many open invitations as there may be; revoke some.'),
  too_many_rooms: row(409, 'no', 'The user is in as many rooms as a user may be in.'),
  message_deleted: row(409, 'no', 'The message has been deleted.'),
  too_many_reactions: row(409, 'no', 'The message has as many different reactions, or as many of yours, as it may have.'),
  too_many_pins: row(409, 'no', 'The room has as many pinned messages as it may have.'),
  room_large: row(409, 'no', 'This is not kept in rooms of so many members.'),
  invalid_link: row(410, 'no', 'The link or code is unknown, expired, revoked or used up.'),
  payload_too_large: row(413, 'no', 'The body or frame is larger than allowed.'),
  unsupported_media_type: row(415, 'no', 'Send JSON (application/json).'),
  upgrade_required: row(
    426,
    'no',
    'This path speaks WebSocket, and the request does not ask for it; a proxy in between may have dropped that.',
  ),
  slow_mode: row(429, 'later', 'The room is in slow mode; wait `retry_ms` after your last message.'),
  rate_limited: row(429, 'later', 'Too many requests; wait `retry_ms`.'),
  too_many_in_flight: row(429, 'later', 'Too many operations of this connection wait for their answer.'),
  internal: row(500, 'later', 'The server failed; the request id finds it in the log.'),
  overloaded: row(503, 'later', 'The server has more work than it may queue, or its database does not answer.'),
  issuer_unavailable: row(503, 'later', 'The keys of the issuer of this token cannot be had at the moment.'),
  unknown_outcome: row(503, 'same', 'The write may or may not have happened; repeat it with the same cid.'),
  draining: row(503, 'later', 'The server is shutting down; connect again.'),
  storage_full: row(507, 'later', 'The disk is full; nothing was written.'),
} as const satisfies Record<string, Row>

export type ErrorCode = keyof typeof errors

/** Any code of the table. */
export const ErrorName = OneOf(Object.keys(errors) as ErrorCode[], 'A permanent name; docs/errors.md lists them all.')

/** One fault of a request: where, which rule, in words. `path` is a JSON pointer into the input. */
export const Fault = Closed({ path: Type.String(), code: Type.String(), message: Type.String() })
export type Fault = Static<typeof Fault>

/** What REST answers instead of a result, as `application/problem+json` (RFC 9457). `title` is the table's text, `detail` this case's. */
export const Problem = Closed({
  type: Type.String({ description: 'A reference to the explanation of this code.' }),
  title: Type.String(),
  status: Type.Integer({ description: 'The HTTP status again.' }),
  code: ErrorName,
  detail: Type.String(),
  request_id: Type.String({ description: 'Finds this request in the log of the server.' }),
  retry_ms: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Try again after so many milliseconds; the header Retry-After says it in seconds.' }),
  ),
  errors: Type.Optional(Type.Array(Fault, { maxItems: 20 })),
})
export type Problem = Static<typeof Problem>

export type ErrorDetails = { detail?: string; retry_ms?: number; errors?: Fault[]; cause?: unknown }

/** The only error that doors show: a code of the table with details. Anything else thrown becomes `internal`. */
export class ChatError extends Error {
  readonly code: ErrorCode
  readonly detail: string
  readonly retryMs: number | undefined
  readonly faults: Fault[] | undefined

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(`${code}: ${details.detail ?? errors[code].text}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ChatError'
    this.code = code
    this.detail = details.detail ?? errors[code].text
    this.retryMs = details.retry_ms
    this.faults = details.errors
  }

  get status(): number {
    return errors[this.code].status
  }
}

/** An error as REST prints it. `type` leads to the code in the error reference of the same server. */
export function problemOf({ code, status, detail, retryMs, faults }: ChatError, requestId: string): Problem {
  return {
    type: `/docs/errors#${code}`,
    title: errors[code].text,
    status,
    code,
    detail,
    request_id: requestId,
    ...(retryMs !== undefined && { retry_ms: retryMs }),
    ...(faults !== undefined && { errors: faults }),
  }
}
