import type { ErrorCode, InputOf, OperationName } from '@parlance/protocol'
import type { Person } from '../harness/world.ts'
import { type Ids, type Place, type Role, roles } from './cast.ts'

export type Outcome = 'ok' | ErrorCode

/** Who asks, and the things of the place. */
export type Asked = Ids & { me: Person }

/**
 * How an operation is called in a place. `spends`: an `ok` may end the login of whoever asked (`login`), or an account of the cast (`account`).
 * `known`: that a thing exists is no secret, so that an unknown id may be answered otherwise than a foreign one.
 */
export type Call<N extends OperationName> = {
  input: (asked: Asked) => InputOf<N>
  spends?: 'login' | 'account'
  known?: boolean
}

/** The calls of some operations, and what they must come to: a line for each operation and place, a word for each role. */
export type Rows<N extends OperationName> = { calls: { [K in N]: Call<K> }; outcomes: string }

export const rowsOf = <N extends OperationName>(rows: Rows<N>): Rows<N> => rows

export type Line = { operation: OperationName; place: Place; outcomes: Record<Role, Outcome> }

/** The lines of a table of outcomes. Its first line names the columns, which stand in the order of the roles. */
export function linesOf(text: string): Line[] {
  const [head, ...lines] = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== undefined && first !== '')
  if (head?.slice(2).join() !== roles.join()) throw new Error(`the columns of a table must be operation, place, ${roles.join(', ')}`)
  return lines.map((words) => {
    const [operation = '', place = '', ...outcomes] = words
    if (outcomes.length !== roles.length) throw new Error(`the line ${words.join(' ')} has ${outcomes.length} outcomes`)
    return {
      operation: operation as OperationName,
      place: place as Place,
      outcomes: Object.fromEntries(roles.map((role, column) => [role, outcomes[column]])) as Record<Role, Outcome>,
    }
  })
}
