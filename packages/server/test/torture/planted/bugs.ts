import type { InvariantName } from '../checker.ts'
import type { Patch } from './patch.ts'

/** A mistake somebody could make, as patches of the shipped source. One of `caughtBy` must say so; others may, too. */
export type Bug = { name: string; patches: Patch[]; caughtBy: InvariantName[] }

const src = 'packages/server/src'

/** The transaction of sends stays open for a while after they are answered, and takes in the next ones. */
const lateCommit: Patch[] = [
  {
    file: `${src}/store/drivers/sqlite.ts`,
    find: `this.#clean = false
    this.#rollBack()
    this.#writing.run('begin immediate')`,
    replace: `const isOpen = this.#clean && this.#writing.inTransaction
    this.#clean = false
    if (!isOpen) this.#rollBack()
    if (!isOpen) this.#writing.run('begin immediate')`,
  },
  {
    file: `${src}/store/drivers/sqlite.ts`,
    find: "this.#writing.run('commit')\n",
    replace: `if (batch.some(({ kind }) => kind === 'write')) this.#writing.run('commit')
      else setTimeout(() => this.#clean && this.#writing.inTransaction && this.#writing.run('commit'), 100)
`,
  },
]

const passOn = 'emit.room(outcome.events, { key, person: () => sender, message: () => state, sharedAfter: 0 })'

export const bugs: Bug[] = [
  {
    name: 'ack before commit',
    patches: [
      ...lateCommit,
      // Only the acknowledgement is early: the others hear of it when it is committed.
      { file: `${src}/services/parts/sending.ts`, find: passOn, replace: `setTimeout(() => ${passOn}, 120)` },
    ],
    caughtBy: ['acknowledged is in the log'],
  },
  {
    name: 'publish before commit',
    patches: [
      ...lateCommit,
      // Only the event is early: the sender hears of it when it is committed.
      {
        file: `${src}/services/parts/sending.ts`,
        find: passOn,
        replace: `${passOn}\n      await new Promise((resolve) => setTimeout(resolve, 120))`,
      },
    ],
    caughtBy: ['delivered is in the log', 'no lost tail'],
  },
  {
    name: 'no dedupe: the cid is stored and never looked up',
    patches: [
      {
        file: `${src}/store/drivers/sqlite-hot.ts`,
        find: 'if (cid === null) return undefined',
        replace: 'if (cid !== undefined) return undefined',
      },
      {
        file: `${src}/store/migrations/0001-core.ts`,
        find: "createIndex('messages_cid').unique()",
        replace: "createIndex('messages_cid')",
      },
    ],
    caughtBy: ['one row per cid'],
  },
  {
    name: 'off by one: a resume begins one event too late',
    patches: [
      {
        file: `${src}/transport/attach.ts`,
        find: 'hub.deps.log.events(stay.room.number, { after: at,',
        replace: 'hub.deps.log.events(stay.room.number, { after: at + 1,',
      },
      {
        file: `${src}/transport/attach.ts`,
        find: 'event.seq > at.from && event.seq > stay.fromSeq',
        replace: 'event.seq > at.from + 1 && event.seq > stay.fromSeq',
      },
    ],
    caughtBy: ['applied is complete'],
  },
  {
    name: 'no membership check: whoever knows a room may send into it',
    patches: [{ file: `${src}/services/parts/sending.ts`, find: "  demand(standing, 'post')\n", replace: '' }],
    caughtBy: ['sender is a member'],
  },
  {
    name: 'check, then act: a verdict is not looked at again under the lock',
    patches: [{ file: `${src}/store/drivers/sqlite-hot.ts`, find: 'if (send.acl < head.strict_acl || ', replace: 'if (' }],
    caughtBy: ['sender is a member'],
  },
  {
    name: 'a removed member keeps the subscription',
    patches: [{ file: `${src}/transport/hub.ts`, find: "if (event.type === 'member.left') this.#expel(channel, event)", replace: '' }],
    caughtBy: ['silence after removal'],
  },
  {
    name: 'resume without ranges: ready comes, the missing events do not',
    patches: [
      {
        file: `${src}/transport/seat.ts`,
        find: 'const tell = cursor !== undefined && replayable(attachment, from, budget)',
        replace: 'const tell = false',
      },
    ],
    caughtBy: ['resume replays'],
  },
  {
    name: 'a partial gap: a page says it covers more than was read',
    patches: [
      {
        file: `${src}/transport/attach.ts`,
        find: 'upto, limit: readLimit })\n    if (budget',
        replace: 'upto, limit: 1 })\n    if (budget',
      },
      {
        file: `${src}/transport/attach.ts`,
        find: 'event.seq > at.from && event.seq > stay.fromSeq)',
        replace: 'event.seq > at.from && event.seq > stay.fromSeq).slice(0, 1)',
      },
    ],
    caughtBy: ['applied is complete'],
  },
  {
    name: 'last come, first written',
    patches: [{ file: `${src}/store/queue/waiting.ts`, find: '    return batch\n  }', replace: '    return batch.reverse()\n  }' }],
    caughtBy: ['order of a connection', 'real-time order'],
  },
]
