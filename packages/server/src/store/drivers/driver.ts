import type { Kysely } from 'kysely'
import type { Tables } from '../schema.ts'
import type { Stale } from '../outcomes.ts'
import type {
  ReactIntent,
  ReactOutcome,
  ReadIntent,
  ReadOutcome,
  SendIntent,
  SendOutcome,
  WriteInput,
  WriteName,
  WriteOutput,
} from '../writes.ts'

/** Something to be written. Writes of one `lane` (compared by identity) keep the order they have in the batch. */
export type SendWrite = { kind: 'send'; lane: object | null; send: SendIntent }
export type ReadWrite = { kind: 'read'; read: ReadIntent }
export type ReactWrite = { kind: 'react'; react: ReactIntent }
export type NamedWrite = { [N in WriteName]: { kind: 'write'; name: N; input: WriteInput<N> } }[WriteName]
export type Intent = SendWrite | ReadWrite | ReactWrite | NamedWrite

/** What became of an intent. `failed` is for a rarer write that threw and was taken back alone; a hot one fails with its batch. */
export type Outcome =
  | { kind: 'send'; outcome: SendOutcome | Stale }
  | { kind: 'read'; outcome: ReadOutcome }
  | { kind: 'react'; outcome: ReactOutcome }
  | { kind: 'write'; outcome: WriteOutput<WriteName> }
  | { kind: 'failed'; error: unknown }

/**
 * What a rejected commit means.
 * `definite`: nothing was written, and one of the intents is to blame. `again`: nothing was written, the same batch may succeed (a
 * deadlock, a lock held too long). `lost`: it may or may not have been written. `full`: nothing was written, there is no room on the disk.
 * `fatal`: what was acknowledged may not be on disk, the process must end without another acknowledgement.
 */
export type Failure = 'definite' | 'again' | 'lost' | 'full' | 'fatal'

/** An engine under the queue and the tables. */
export interface Driver {
  readonly engine: 'sqlite' | 'postgres'
  /** For reads of committed state only. Integers come as numbers, bytes as Uint8Array. */
  readonly read: Kysely<Tables>
  /**
   * How many rarer writes may be under way, each as a batch of its own, beside the batch of hot ones. 0: there is one batch at a time, and
   * rarer writes stand in it among the others, in order, each in a savepoint.
   */
  readonly writesBeside: number
  /**
   * Writes a batch (rarer writes through `runWrite` of ../named-writes.ts) as one transaction and settles after it is on disk, with an outcome for each intent in the order of the batch. Rooms
   * are locked by number, then users by number; only then anything is looked up. Rejects if nothing of the batch stands, `lost` excepted.
   *
   * Sends, in the order of the batch, per room:
   * - the cid known, in the log or earlier in this batch: `known` (`conflict` if the digests differ), whatever the acl and the lane;
   * - judged below `strict_acl`, or behind such a one of its own lane in this batch: `stale`, and nothing is written for it;
   * - `slowMs` set and the sender's last message there more recent: `slow_mode`; this or an earlier one of the batch, in their order;
   * - `join` set and no stay yet: `room_full` or `too_many_rooms`, else an ordinary join (member-writes.ts) takes the seq before;
   * - else the next seq and n, message, event, mentions, and the sender's marker raised to n.
   * A message that joins a thread counts in the row of its root. Reactions come behind everything else of the batch, in their order: a
   * connection's writes wait for its reaction, so none of them stands behind it in one batch.
   *
   * A send whose id is in the log already was written by an earlier run of the same batch whose answer was lost.
   */
  commit(batch: readonly Intent[]): Promise<Outcome[]>
  classify(error: unknown): Failure
  /** Makes or updates the tables; answers with the epoch, which is `fresh` for a new database. */
  migrate(fresh: string): Promise<string>
  close(): Promise<void>
}
