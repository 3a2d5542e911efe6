import { PassThrough } from 'node:stream'
import { type Scene, scene } from '../../../client/test/peer/scene.ts'
import { type ChatOptions, runChat } from '../../src/terminal/chat.ts'
import { eventually } from '../harness/eventually.ts'

/** A person at a terminal that is a pipe. */
export type Person = {
  types(...lines: string[]): void
  /** Everything printed so far, line by line. */
  lines(): string[]
  /** Waits until a line holds the text or matches, and gives it back. */
  sees(what: string | RegExp): Promise<string>
  /** Ends the input; resolves with the exit code. */
  leaves(): Promise<number>
  exit: Promise<number>
}

export type Stage = Scene & { sits(options?: Partial<ChatOptions>): Person }

/** Somebody sits down at a terminal of their own. */
export function sitDown(url: string, options: Partial<ChatOptions> = {}): Person {
  const input = new PassThrough()
  let printed = ''
  const output = { write: (text: string) => void (printed += text) }
  const timing = { backoff: { base_ms: 5, cap_ms: 40 } }
  const exit = runChat({ url, input, output, ...options, client: { timing, ...options.client } })
  return {
    types: (...lines) => void input.write(lines.map((line) => `${line}\n`).join('')),
    lines: () => printed.split('\n').slice(0, -1),
    sees: (what) =>
      eventually(() => {
        const line = printed.split('\n').find((each) => (typeof what === 'string' ? each.includes(what) : what.test(each)))
        if (line === undefined) throw new Error(`nobody printed ${what}; there is:\n${printed}`)
        return line
      }),
    leaves: () => {
      input.end()
      return exit
    },
    exit,
  }
}

/** People at terminals around a scripted peer. */
export function stage(): Stage {
  const set = scene()
  const people: Person[] = []
  const sits = (options: Partial<ChatOptions> = {}): Person => {
    const person = sitDown(set.peer.url, options)
    people.push(person)
    return person
  }
  const dispose = async () => {
    for (const person of people) await person.leaves()
    await set[Symbol.asyncDispose]()
  }
  return { ...set, sits, [Symbol.asyncDispose]: dispose }
}

/** Alice as the scene knows her. */
export const alice = { user: 'alice', password: 'alice-password' }
export const bob = { user: 'bob', password: 'bob-password' }
