import type { Entry, Truth } from '../history.ts'
import type { Sends } from './sends.ts'
import type { Stays } from './stays.ts'

/** What an invariant may look at: what clients noted, what the log says in the end, and both sorted. */
export type Evidence = { entries: readonly Entry[]; truth: Truth; sends: Sends; stays: Stays }
