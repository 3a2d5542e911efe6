import { describe, expect, test } from 'bun:test'
import { ChatError, closeCodes, errors, Problem, problemOf, verdictOf } from '@parlance/protocol'
import { Value } from 'typebox/value'

const page = await Bun.file(`${import.meta.dir}/../../../docs/errors.md`).text()

describe('docs/errors.md', () => {
  test('explains every code of the table and no other', () => {
    const explained = [...page.matchAll(/^### (.+)$/gm)].map((match) => match[1])
    expect(explained).toEqual(Object.keys(errors))
  })

  test('gives every code its status and text', () => {
    for (const [code, { status, text }] of Object.entries(errors)) {
      const section = page.split(`### ${code}\n`)[1]?.split('\n#')[0] ?? ''
      expect(section).toContain(text)
      expect(section).toContain(`HTTP ${status}.`)
    }
  })

  test('lists every close code with its verdict and no other', () => {
    const rows = [...page.matchAll(/^\| (\d{4}) \| (\w+) \| `(\w+)`/gm)].map((match) => match.slice(1))
    expect(rows).toEqual(Object.entries(closeCodes).map(([code, { name, verdict }]) => [code, name, verdict]))
  })
})

test('codes are snake_case and answer with a status of a refusal', () => {
  for (const [code, { status }] of Object.entries(errors)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(status).toBeWithin(400, 600)
  }
})

test('an error becomes a problem that fits the published schema, with all its details', () => {
  const faults = [{ path: '/content', code: 'required', message: 'must be present' }]
  const problem = problemOf(new ChatError('invalid_input', { detail: 'No text.', errors: faults }), 'r1')
  expect(problem).toMatchObject({ status: 400, code: 'invalid_input', detail: 'No text.', request_id: 'r1', errors: faults })
  for (const code of Object.keys(errors) as (keyof typeof errors)[]) {
    expect(Value.Check(Problem, problemOf(new ChatError(code, { retry_ms: 5 }), 'r1'))).toBe(true)
  }
})

test('the cause of an error stays inside', () => {
  expect(JSON.stringify(problemOf(new ChatError('internal', { cause: new Error('secret') }), 'r1'))).not.toContain('secret')
})

test('a verdict is given for every close code, those of the WebSocket protocol included', () => {
  expect(verdictOf(4401)).toBe('refresh')
  expect(verdictOf(4503)).toBe('after')
  expect([1002, 1003, 1007, 1009].map(verdictOf)).toEqual(['no', 'no', 'no', 'no'])
  expect([1000, 1001, 1006, 1011, 4999].map(verdictOf)).toEqual(['yes', 'yes', 'yes', 'yes', 'yes'])
})
