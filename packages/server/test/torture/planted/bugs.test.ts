import { expect, test } from 'bun:test'
import { checkout } from '../server-process.ts'
import { bugs } from './bugs.ts'
import { patched } from './patch.ts'

for (const { name, patches } of bugs) {
  test(`this bug can still be planted: ${name}`, () => {
    for (const patch of patches) expect(patched(checkout, patch)).toContain(patch.replace)
  })
}

test('a patch whose place is gone says so', () => {
  const [patch] = bugs.flatMap((bug) => bug.patches)
  expect(() => patched(checkout, { file: patch?.file ?? '', find: 'this text is not there', replace: '' })).toThrow(
    'does not apply any more',
  )
})
