import { expect } from 'bun:test'
import type { Difference, Recording } from './recording.ts'
import type { Replay } from './replayer.ts'

type Told = { step: string; status: [recorded: number, ours: number]; recorded: unknown; ours: unknown; because: string }

/** An answer that is another one altogether. */
export const otherwise = ({ step, status, recorded, ours, because }: Told): Difference[] => [
  ...(status[0] === status[1] ? [] : [{ step, at: '/status', recorded: status[0], ours: status[1], because }]),
  ...(isObject(recorded) && isObject(ours)
    ? [...new Set([...Object.keys(recorded), ...Object.keys(ours)])].map((key) => ({
        step,
        at: `/body/${key}`,
        recorded: recorded[key],
        ours: ours[key],
        because,
      }))
    : [{ step, at: '/body', recorded, ours, because }]),
]

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The reasons among these that the guide does not give in the same words. */
export async function unexplained(differences: readonly Difference[]): Promise<string[]> {
  const guide = await Bun.file(new URL('../../../../docs/guides/older-apis.md', import.meta.url)).text()
  const sentences = guide.replaceAll(/\s+/g, ' ')
  return [...new Set(differences.map(({ because }) => because))].filter((sentence) => !sentences.includes(sentence))
}

type Expected = { recording: Recording; where: string; atLeast: number }

/** Prints what a replay came to. Every difference is a listed one, every listed one was met, and so many values were compared. */
export function expectAlike(replay: Replay, { recording, where, atLeast }: Expected): void {
  const { steps, compared, masked, listed, unlisted, stale } = replay
  console.log(
    `${recording.system}, ${where}: ${steps} steps, ${compared} values compared, ${masked} masked, ${listed.length} listed differences`,
  )
  for (const { step, at, because } of listed) console.log(`  ${step} ${at}: ${because}`)
  expect(unlisted).toEqual([])
  expect(stale).toEqual([])
  expect(steps).toBe(recording.steps.length)
  expect(compared).toBeGreaterThan(atLeast)
}
