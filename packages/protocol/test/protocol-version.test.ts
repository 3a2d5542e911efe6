import { createHash } from 'node:crypto'
import { expect, test } from 'bun:test'
import { closeCodes, down, errors, eventList, limits, operationList, protocolVersion, up } from '@parlance/protocol'

/**
 * The wire as it was when the version was last looked at. Until 1.0 is released a changed wire asks for a new hash here, in a commit that
 * says what changed; afterwards an addition raises the second number of `protocolVersion` too, and a changed meaning the first.
 */
const recorded = { version: '1.0', wire: 'eb213f455bab2738' }

const wording = new Set(['description', 'summary', 'text'])

/** Without words for people, and in an order that does not depend on the order of declarations. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .filter(([key, part]) => !(wording.has(key) && typeof part === 'string'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => [key, key === 'required' && Array.isArray(part) ? part.map(String).sort() : canonical(part)])
}

/** Everything both sides must agree on; words for people may change freely. */
function wire(): string {
  const parts = {
    operations: Object.fromEntries(operationList()),
    events: Object.fromEntries(eventList()),
    up,
    down,
    errors,
    closeCodes,
    limits,
  }
  const text = JSON.stringify(canonical(JSON.parse(JSON.stringify(parts))))
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

test('the wire is the one that was recorded for this version of the protocol', () => {
  const now = { version: protocolVersion, wire: wire() }
  if (now.wire !== recorded.wire || now.version !== recorded.version) {
    throw new Error(
      `The schemas of operations, events or frames changed. Decide whether protocolVersion (packages/protocol/src/frames.ts, now ` +
        `${protocolVersion}) must rise, then record { version: '${now.version}', wire: '${now.wire}' } in this test.`,
    )
  }
  expect(now).toEqual(recorded)
})
