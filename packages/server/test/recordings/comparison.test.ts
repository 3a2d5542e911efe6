import { describe, expect, test } from 'bun:test'
import { Comparison, type Found } from './comparison.ts'
import type { Difference } from './recording.ts'

const [a, b] = ['0190f0aa-0000-7000-8000-00000000000a', '0190f0aa-0000-7000-8000-00000000000b']
const [c, d] = ['0190f0cc-0000-7000-8000-00000000000c', '0190f0cc-0000-7000-8000-00000000000d']
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJl'
const [noon, later] = ['2026-11-20T12:00:00.5Z', '2026-11-20T12:00:01.5Z']
const [then, after] = ['2027-01-01T00:00:00Z', '2027-01-01T00:00:01Z']

const places = (recorded: unknown, ours: unknown, listed: Difference[] = []): string[] =>
  new Comparison(['user']).compare(recorded, ours, listed).map(({ at }: Found) => at)

describe('nothing is found where', () => {
  const cases: [what: string, recorded: unknown, ours: unknown][] = [
    ['values are equal', { status: 200, body: [1, 'x', null] }, { status: 200, body: [1, 'x', null] }],
    ['ids are others, consistently', [{ id: a, by: b }, { id: a }], [{ id: c, by: d }, { id: c }]],
    [
      'numbers under the keys of ids are others, consistently',
      [{ user: 1 }, { user: 2 }, { user: 1 }],
      [{ user: 7 }, { user: 3 }, { user: 7 }],
    ],
    ['times are others, in the same form', [noon, later, noon], [then, after, then]],
    ['two times coincide', [noon, later], [then, then]],
    ['a token is another', { access: '<JWT>' }, { access: token }],
    ['an id within a text is the known one', [a, `/rooms/${a}/`], [c, `/rooms/${c}/`]],
  ]
  test.each(cases)('%s', (_, recorded, ours) => {
    expect(places(recorded, ours)).toEqual([])
  })
})

describe('it is found that', () => {
  const cases: [what: string, pair: [recorded: unknown, ours: unknown], at: string[]][] = [
    ['a value differs', [{ status: 200 }, { status: 201 }], ['/status']],
    ['a type differs', [{ message: 5 }, { message: '5' }], ['/message']],
    ['a key is missing', [{ a: 1, b: 2 }, { a: 1 }], ['/b']],
    ['a key is new', [{ a: 1 }, { a: 1, b: 2 }], ['/b']],
    ['an element is missing', [[1, 2], [1]], ['/1']],
    ['an element is new', [[1], [1, 2]], ['/1']],
    ['an id that was a number is a text', [{ user: 1 }, { user: '1' }], ['/user']],
    [
      'the same id became two',
      [
        [a, a],
        [c, d],
      ],
      ['/1'],
    ],
    [
      'two ids became the same',
      [
        [a, b],
        [c, c],
      ],
      ['/1'],
    ],
    [
      'an id under a key is another person',
      [
        [{ user: 1 }, { user: 1 }],
        [{ user: 1 }, { user: 2 }],
      ],
      ['/1/user'],
    ],
    ['an id is no id any more', [{ id: a }, { id: 'x' }], ['/id']],
    ['a time has another form', [{ at: '2026-11-20 12:00:00.5+00:00' }, { at: then }], ['/at']],
    [
      'one moment became two, whatever the form',
      [
        [noon, noon],
        [then, '2027-01-01 00:00:01+00:00'],
      ],
      ['/1', '/1'],
    ],
    ['a token is none', [{ access: '<JWT>' }, { access: 'none' }], ['/access']],
    [
      'an id within a text is another',
      [
        [a, `/rooms/${a}/`],
        [c, `/rooms/${d}/`],
      ],
      ['/1'],
    ],
  ]
  test.each(cases)('%s', (_, [recorded, ours], at) => {
    expect(places(recorded, ours)).toEqual(at)
  })
})

test('an element listed as missing is taken out, and only that one', () => {
  const listed = [{ at: '/1', recorded: { text: ' ', at: '<iso time>' }, ours: undefined, because: 'blank is ignored' }]
  const recorded = [
    { text: 'x', at: noon },
    { text: ' ', at: noon },
    { text: 'y', at: noon },
  ]
  const ours = [
    { text: 'x', at: then },
    { text: 'y', at: then },
  ]
  expect(new Comparison([]).compare(recorded, ours, listed)).toEqual([
    { at: '/1', recorded: { text: ' ', at: '<iso time>' }, ours: undefined },
  ])
  expect(places(recorded, [ours[0]], listed)).toEqual(['/1', '/1'])
  expect(places([recorded[0], recorded[2], recorded[1]], ours, listed)).toEqual(['/2'])
})
