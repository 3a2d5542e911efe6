import type { Contender } from '../contender.ts'
import type { Generator, Load, Pace } from '../generator.ts'

/** What a claim is measured with. */
export type Bench = {
  readonly runs: number
  /** How long one run is measured. */
  readonly seconds: number
  readonly quick: boolean
  /** Everything that is written goes here: on the disk whose durability counts. */
  readonly dir: string
  readonly generator: Generator
  readonly progress: (line: string) => void
}

/** What was found. `samples` are the single runs in the order they ran, by name and unit. */
export type Verdict = {
  figure: string
  anchor: string
  ratio: number | null
  goal: string
  met: boolean
  notes: string[]
  samples: Record<string, number[]>
}

export type Claim = { readonly name: string; readonly sentence: string; measure(bench: Bench): Promise<Verdict> }

/** Runs A B A B …, so that what the machine does meanwhile falls on both alike. The answer has each one's runs in order. */
export async function alternate<T>(runs: number, contenders: ((run: number) => Promise<T>)[]): Promise<T[][]> {
  const results = contenders.map((): T[] => [])
  for (let run = 1; run <= runs; run++) {
    for (const [index, measure] of contenders.entries()) results[index]?.push(await measure(run))
  }
  return results
}

/** One run of the generator against one contender, on its core. */
export async function loadRun({ generator }: Bench, contender: Contender, pace: Pace): Promise<Load> {
  const load = await generator.run(contender.script(), pace)
  if (load.errors > 0) throw new Error(`${contender.name} refused ${load.errors} requests`)
  if (load.own === 0 && load.acks === 0) throw new Error(`${contender.name} sent nothing back to its senders`)
  return load
}

/** A generator that fills its core may have measured itself. */
export function saturation(loads: Load[], name: string): string[] {
  const full = loads.filter((load) => load.generator_cpu > 0.97).length
  return full > 0 ? [`the generator filled its core in ${full} of ${loads.length} runs against ${name}: the true figure may be higher`] : []
}
