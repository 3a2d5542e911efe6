import { expect, test } from 'bun:test'
import type { UserEvent } from '../../src/live/bus.ts'
import type { Sitter } from '../../src/transport/sitter.ts'
import { UserChannel } from '../../src/transport/user-channel.ts'

const deps = {
  read: () => Promise.reject(new Error('nothing is missing')),
  later: () => ({ cancel: () => undefined }),
  failed: () => undefined,
}

const fact = (useq: number): UserEvent => ({ useq }) as UserEvent

function sitting(heard: string[], name: string, then: () => void = () => undefined): Sitter {
  const user = ({ useq }: UserEvent) => {
    heard.push(`${name} ${useq}`)
    then()
  }
  return { user } as unknown as Sitter
}

test('a fact reaches every socket of the user once, however they come and go', () => {
  const heard: string[] = []
  const channel = new UserChannel(1, deps)
  channel.start(0)
  const [one, two] = [sitting(heard, 'one'), sitting(heard, 'two')]
  channel.receive(fact(1))
  channel.add(one)
  channel.add(one)
  channel.receive(fact(2))
  channel.add(two)
  channel.receive(fact(3))
  expect(channel.remove(one)).toBe(false)
  expect(channel.remove(one)).toBe(false)
  channel.receive(fact(4))
  expect(channel.remove(two)).toBe(true)
  channel.add(one)
  channel.receive(fact(5))
  expect(heard).toEqual(['one 2', 'one 3', 'two 3', 'two 4', 'one 5'])
})

test('who leaves while a fact is told has heard it or does not hear it; the others do', () => {
  const heard: string[] = []
  const channel = new UserChannel(1, deps)
  channel.start(0)
  const first: Sitter = sitting(heard, 'first', () => channel.remove(first))
  channel.add(first)
  channel.add(sitting(heard, 'second'))
  channel.receive(fact(1))
  channel.receive(fact(2))
  expect(heard).toEqual(['first 1', 'second 1', 'second 2'])
})
