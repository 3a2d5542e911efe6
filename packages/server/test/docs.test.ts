import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drifted, generated } from '../src/docs.ts'

const place = mkdtempSync(join(tmpdir(), 'parlance-docs-'))
afterAll(() => rmSync(place, { recursive: true }))

test('the documents that are checked in are what the catalog says', () => {
  expect(drifted(join(import.meta.dir, '../../../docs'))).toEqual([])
})

test('a missing or changed document counts as drifted, by its name', () => {
  const all = generated()
  expect(drifted(place)).toEqual(Object.keys(all))
  for (const [name, text] of Object.entries(all)) writeFileSync(join(place, name), text)
  expect(drifted(place)).toEqual([])
  writeFileSync(join(place, 'errors.md'), `${all['errors.md']}\nA line of somebody's own.\n`)
  expect(drifted(place)).toEqual(['errors.md'])
})
