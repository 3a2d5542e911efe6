import type { Claim, Verdict } from './claims/claim.ts'

export type Outcome = { claim: Claim; verdict: Verdict } | { claim: Claim; failure: string }

const result = (verdict: Verdict) => (verdict.met ? 'met' : '**missed**')
const ratio = (verdict: Verdict) => (verdict.ratio === null ? '-' : verdict.ratio.toFixed(2))

function row(outcome: Outcome): string {
  const { claim } = outcome
  if ('failure' in outcome) return `| ${claim.sentence} | not measured: ${outcome.failure.split('\n')[0]} | - | - | - | **failed** |`
  const { verdict } = outcome
  return `| ${claim.sentence} | ${verdict.figure} | ${verdict.anchor} | ${ratio(verdict)} | ${verdict.goal} | ${result(verdict)} |`
}

/** What a reader wants to see at the end, ready to be pasted. */
export function markdown(outcomes: Outcome[], heading: string[]): string {
  const notes = outcomes.flatMap((outcome) =>
    'verdict' in outcome ? outcome.verdict.notes.map((note) => `- ${outcome.claim.name}: ${note}`) : [],
  )
  const table = ['| claim | figure | anchor | ratio | goal | result |', '|---|---|---|---|---|---|', ...outcomes.map(row)]
  return [...heading, '', ...table, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n')
}

export const json = (outcomes: Outcome[], heading: string[]) =>
  JSON.stringify(
    { heading, claims: outcomes.map(({ claim, ...found }) => ({ name: claim.name, sentence: claim.sentence, ...found })) },
    null,
    2,
  )

/** One claim's end, while the others are still to come. */
export function line(outcome: Outcome): string {
  if ('failure' in outcome) return `not measured: ${outcome.failure}`
  const { verdict } = outcome
  const against = verdict.ratio === null ? '' : `, ratio ${ratio(verdict)} to ${verdict.anchor}`
  return `${verdict.figure}${against}; goal ${verdict.goal}: ${verdict.met ? 'met' : 'MISSED'}`
}
