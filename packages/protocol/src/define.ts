import type { ErrorCode } from './errors.ts'
import type { Static, TSchema } from './schema.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Which of the per-user (or, signed out, per-address) budgets an operation draws on. */
export type RateClass = 'auth' | 'read' | 'write' | 'send' | 'ephemeral'

/**
 * Something that can be asked, at every door: `in` holds path, query and body fields together. `status` is the REST status of success
 * (a repeated `cid` answers 200). An operation with `auth: 'none'` may be called signed out, one with `admin` by admins of the server only.
 */
export type Operation<I extends TSchema = TSchema, O extends TSchema = TSchema> = {
  readonly summary: string
  readonly description?: string
  readonly auth: 'user' | 'admin' | 'none'
  readonly rate: RateClass
  readonly method: Method
  readonly path: `/${string}`
  readonly status: 200 | 201 | 204
  readonly in: I
  readonly out: O
  readonly errors: readonly ErrorCode[]
}

/** Declares an operation; the catalog gives it its name. */
export const operation = <I extends TSchema, O extends TSchema>(spec: Operation<I, O>): Operation<I, O> => Object.freeze(spec)

/** `room` and `user` events are durable and ordered by their log; `ephemeral` ones may be dropped. */
export type EventScope = 'room' | 'user' | 'ephemeral'

/** Something that can happen. `data` is the shape of the frame's `data` (for ephemeral events, of the fields beside `eph`). */
export type EventSpec<S extends EventScope = EventScope, D extends TSchema = TSchema> = {
  readonly scope: S
  readonly summary: string
  readonly data: D
}

/** Declares an event; the catalog gives it its name. */
export const event = <S extends EventScope, D extends TSchema>(spec: EventSpec<S, D>): EventSpec<S, D> => Object.freeze(spec)

export type Input<T extends Operation> = Static<T['in']>
export type Output<T extends Operation> = Static<T['out']>
