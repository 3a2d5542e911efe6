import type { Entry, Truth } from './history.ts'
import * as acks from './invariants/acks.ts'
import * as logs from './invariants/log.ts'
import * as membership from './invariants/membership.ts'
import * as order from './invariants/order.ts'
import { readSends } from './invariants/sends.ts'
import { readStays } from './invariants/stays.ts'
import * as streams from './invariants/streams.ts'
import type { Evidence } from './invariants/evidence.ts'

/** A rule of the system: yields a sentence for everything in the evidence that breaks it. */
type Invariant = (evidence: Evidence) => Iterable<string>

/** What must hold of every history, whatever was killed meanwhile. The names are what a report prints. */
export const invariants = {
  'acknowledged is in the log': acks.acknowledgedIsInLog,
  'one answer per cid': acks.oneAnswerPerCid,
  'refused wrote nothing': acks.refusedWroteNothing,
  'every send is settled': acks.everySendIsSettled,
  'one row per cid': logs.oneRowPerCid,
  'log is gapless': logs.logIsGapless,
  'log holds what was sent': logs.logHoldsWhatWasSent,
  'history agrees with the log': logs.historyAgreesWithLog,
  'delivered is in the log': logs.deliveredIsInLog,
  'views of one revision agree': logs.viewsOfOneRevisionAgree,
  'real-time order': order.realTimeOrder,
  'order of a connection': order.orderOfConnection,
  'wire is consecutive': streams.wireIsConsecutive,
  'applied strictly rises': streams.appliedStrictlyRises,
  'applied is complete': streams.appliedIsComplete,
  'resume replays': streams.resumeReplays,
  'no lost tail': streams.noLostTail,
  'everybody catches up': streams.everybodyCatchesUp,
  'sender is a member': membership.senderIsMember,
  'silence after removal': membership.silenceAfterRemoval,
  'hidden history stays hidden': membership.hiddenStaysHidden,
} as const satisfies Record<string, Invariant>

export type InvariantName = keyof typeof invariants

/** A broken rule: how often, and the first cases in words. */
export type Violation = { invariant: InvariantName; count: number; examples: string[] }

const maxExamples = 3

/** Judges a history against the log that is left in the end. Pure: the same evidence, the same verdict. Empty: nothing is wrong. */
export function check(entries: readonly Entry[], truth: Truth): Violation[] {
  const evidence: Evidence = { entries, truth, sends: readSends(entries), stays: readStays(truth) }
  const violations: Violation[] = []
  for (const [name, invariant] of Object.entries(invariants) as [InvariantName, Invariant][]) {
    const violation: Violation = { invariant: name, count: 0, examples: [] }
    for (const example of invariant(evidence)) {
      violation.count += 1
      if (violation.examples.length < maxExamples) violation.examples.push(example)
    }
    if (violation.count > 0) violations.push(violation)
  }
  return violations
}

/** The verdict as lines for people. */
export const describe = (violations: readonly Violation[]): string[] =>
  violations.flatMap(({ invariant, count, examples }) => [
    `  BROKEN: ${invariant} (${count})`,
    ...examples.map((example) => `    ${example}`),
  ])
