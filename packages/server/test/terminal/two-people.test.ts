import { expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { startServer } from '../harness/server.ts'
import { type Person, sitDown } from './stage.ts'

/** Signs up by typing, as somebody does who has just installed it. */
async function signUp(person: Person, name: string): Promise<void> {
  await person.sees('user name:')
  person.types(name, `${name}-password`)
  await person.sees(`Create "${name}"?`)
  person.types('y')
  await person.sees(`signed in as ${name}`)
}

test('two people sign up, meet in a room, talk, correct themselves and go on alone', async () => {
  await using server = await startServer()
  const [alice, bob] = [sitDown(server.url, { room: 'general' }), sitDown(server.url, { room: 'general' })]
  await signUp(alice, 'alice')
  await alice.sees('— #general —')
  await signUp(bob, 'bob')
  await bob.sees('— #general —')
  alice.types('hello bob')
  await bob.sees(/#1 alice: hello bob$/)
  bob.types('hello alcie')
  await alice.sees(/#2 bob: hello alcie$/)
  bob.types('/edit 2 hello alice')
  await alice.sees(/#2 bob: hello alice \(edited\)$/)
  alice.types('/reply 2 better', '/delete 1')
  await bob.sees(/#3 alice ↩ #2: better$/)
  await bob.sees('* #1 was deleted')
  alice.types('/who')
  await alice.sees(/^ {2}bob .*online$/)
  bob.types('/dm alice', 'psst')
  await alice.sees('* 1 unread in @bob')
  alice.types('/join @bob')
  await alice.sees('— @bob —')
  await alice.sees(/#1 bob: psst$/)
  await bob.sees('* alice has read up to #1')
  expect(alice.lines().filter((line) => line.endsWith('hello bob')).length).toBe(1)
  expect([await alice.leaves(), await bob.leaves()]).toEqual([0, 0])
})

test('what is typed while the server is away arrives when it is back, once and in order', async () => {
  await using server = await startServer()
  const [alice, bob] = [sitDown(server.url, { room: 'general' }), sitDown(server.url, { room: 'general' })]
  await signUp(alice, 'alice')
  await alice.sees('— #general —')
  await signUp(bob, 'bob')
  await bob.sees('— #general —')
  const { port } = new URL(server.url)
  await server.running[Symbol.asyncDispose]()
  await alice.sees('! connection lost, trying again')
  alice.types('one', 'two', 'three')
  await alice.sees('(pending) three')
  await using _again = await startServer({ dataDir: server.dataDir, env: { PORT: port } })
  const patience = { timeout_ms: 15_000 }
  await eventually(() => bob.lines().some((line) => line.endsWith('alice: three')), patience)
  const heard = (person: Person) => person.lines().flatMap((line) => /#\d+ alice: (\w+)$/.exec(line)?.[1] ?? [])
  expect(heard(bob)).toEqual(['one', 'two', 'three'])
  await eventually(() => heard(alice).length === 3, patience)
  expect(heard(alice)).toEqual(['one', 'two', 'three'])
  expect([await alice.leaves(), await bob.leaves()]).toEqual([0, 0])
}, 60_000)
