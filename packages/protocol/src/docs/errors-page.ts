import { operationList } from '../catalog.ts'
import { closeCodes, type Verdict } from '../close-codes.ts'
import type { Operation } from '../define.ts'
import { type ErrorCode, errors } from '../errors.ts'
import { errorsOf, namesRoom } from '../rest.ts'

const retries = {
  no: 'no',
  later: 'later, after `retry_ms`',
  same: 'yes, with the same `cid`',
} as const satisfies Record<(typeof errors)[ErrorCode]['retry'], string>

const verdicts: Record<Verdict, string> = {
  no: 'do not reconnect',
  refresh: 'refresh the token, then reconnect',
  yes: 'reconnect with backoff',
  after: 'reconnect after the time told in `bye`',
}

/** Sorts of operations that share codes, the widest first. */
const sorts: [string, (operation: Operation) => boolean][] = [
  ['every operation', () => true],
  ['every operation that needs a token', ({ auth }) => auth !== 'none'],
  ['every operation but GET', ({ method }) => method !== 'GET'],
  ['every operation on a room', namesRoom],
  ['every operation on a room but GET', (operation) => namesRoom(operation) && operation.method !== 'GET'],
]

/** Which operations carry a code: whole sorts by their description, the others by name. */
function carriers(code: ErrorCode): string {
  let left = operationList().filter(([, operation]) => errorsOf(operation).includes(code))
  if (left.length === 0) return code === 'too_many_in_flight' ? 'every operation, on the socket only' : 'no single operation'
  const parts: string[] = []
  for (const [text, belongs] of sorts) {
    const members = operationList().filter(([, operation]) => belongs(operation))
    if (!members.every(([name]) => left.some(([other]) => other === name))) continue
    parts.push(text)
    left = left.filter(([, operation]) => !belongs(operation))
  }
  return [...parts, ...left.map(([name]) => `\`${name}\``)].join(', ')
}

/** docs/errors.md: every code of the table and every close code, for people. */
export function errorsPage(): string {
  const sections = Object.entries(errors).map(([name, { status, retry, text }]) =>
    [`### ${name}`, '', text, '', `HTTP ${status}. Try again: ${retries[retry]}. From: ${carriers(name as ErrorCode)}.`].join('\n'),
  )
  const closes = Object.entries(closeCodes).map(
    ([code, { name, verdict, text }]) => `| ${code} | ${name} | \`${verdict}\`: ${verdicts[verdict]} | ${text} |`,
  )
  return `# Errors

This page is made from the table in \`packages/protocol/src/errors.ts\`; do not edit it.

A refused request is answered in REST with \`application/problem+json\`, on the socket with \`{"id":…,"err":{…}}\`. Both carry a permanent
\`code\`; \`detail\` explains this case to a person and may change. \`retry_ms\` says when another try makes sense. \`errors\` lists all faults
of the input, each with \`path\` (a JSON pointer into the input), \`code\` and \`message\`, 20 at most.

Every code but \`unknown_outcome\` means: this request wrote nothing and never will. An earlier request with the same \`cid\` may have
written; sending it again finds out.

## Codes

${sections.join('\n\n')}

## Close codes of the socket

| code | name | verdict | meaning |
|---|---|---|---|
${closes.join('\n')}

Of the codes of the WebSocket protocol itself, 1002, 1003, 1007 and 1009 mean that the client is at fault (do not reconnect); every other
one, 1006 (the connection was lost) included, means: reconnect with backoff.
`
}
