import { expect, test } from 'bun:test'
import { ManualClock } from '../../src/base/manual-clock.ts'
import { encoder } from '../../src/dialects/native/shapes.ts'
import type { Person } from '../../src/live/bus.ts'
import { memoryPresence } from '../../src/live/memory/presence.ts'
import { eventually } from '../harness/eventually.ts'
import type { Hub } from '../../src/transport/hub.ts'
import { Watches } from '../../src/transport/watches.ts'

/** Watches of somebody who is acquainted with everybody; each question of that is answered when told. */
function open() {
  const questions: (() => void)[] = []
  const acquainted = (_person: number, users: readonly string[]) =>
    new Promise<Person[]>((resolve) => {
      questions.push(() => resolve(users.map((id) => ({ id, number: Number(id), username: `user ${id}` }))))
    })
  const presence = memoryPresence({ clock: new ManualClock() })
  const hub = { deps: { log: { acquainted }, presence, encoders: new Map([['native', encoder]]) } } as unknown as Hub
  const told: string[] = []
  const watches = new Watches({ hub, dialect: 'native', person: 9, tell: (text) => told.push(text) })
  const heard = () => told.splice(0).map((text) => (JSON.parse(text) as { user: string }).user)
  return { watches, presence, questions, heard }
}

test('of the changes that come while one is read only the last is read, and holds', async () => {
  const { watches, presence, questions, heard } = open()
  const changes = [['1', '2'], ['2'], ['4'], ['3']].map((users) => watches.set(users))
  for (let answered = 0; answered < 2; answered++) {
    await eventually(() => questions.length > answered)
    questions[answered]?.()
  }
  await Promise.all(changes)
  expect([questions.length, heard()]).toEqual([2, ['3']])
  for (const user of [1, 2, 3, 4]) presence.enter(user)
  expect(heard()).toEqual(['3'])
})

test('nobody is watched once it has ended, not even by a change under way', async () => {
  const { watches, presence, questions, heard } = open()
  const change = watches.set(['1'])
  await eventually(() => questions.length > 0)
  watches.end()
  questions[0]?.()
  await change
  presence.enter(1)
  expect(heard()).toEqual([])
})
