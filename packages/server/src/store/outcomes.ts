import type { EventRow, UserEventRow } from './rows.ts'

/** What a committed write put into logs, in order; to be passed on after the commit. */
export type Logged = { events: EventRow[]; userEvents: UserEventRow[] }

/** Sessions that a write ended, with the facts that tell so: everything open under them is to be closed. */
export type Ended = { user: number; sessions: string[]; userEvents: UserEventRow[] }

/** The room's acl is not the one the actor was judged at; judge again. */
export type Stale = { status: 'stale' }

/** What was to be changed is not there, or not any more. */
export type Gone = { status: 'gone' }
