import { errors, type ErrorCode, operationList } from '@parlance/protocol'

export type Count = { sent: number; accepted: number }

const maxFailures = 200

/** What was sent and what came of it, by operation; frames and bodies that are no operation count under a name of their own. */
export class Tally {
  readonly counts = new Map<string, Count>(operationList().map(([name]) => [name, { sent: 0, accepted: 0 }]))
  readonly refusals = new Map<string, number>()
  readonly failures: string[] = []

  count(name: string, accepted: boolean): void {
    const count = this.counts.get(name) ?? { sent: 0, accepted: 0 }
    count.sent += 1
    if (accepted) count.accepted += 1
    this.counts.set(name, count)
  }

  /** A refusal by a code; one that says the server failed is a failure. */
  refused(name: string, code: ErrorCode, what: string): void {
    this.count(name, false)
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
    if (errors[code].status >= 500) this.fail(`${name} was answered with ${code}: ${what}`)
  }

  fail(text: string): void {
    if (this.failures.length < maxFailures) this.failures.push(text.slice(0, 600))
  }

  get total(): Count {
    const counts = [...this.counts.values()]
    return { sent: counts.reduce((sum, { sent }) => sum + sent, 0), accepted: counts.reduce((sum, { accepted }) => sum + accepted, 0) }
  }
}
