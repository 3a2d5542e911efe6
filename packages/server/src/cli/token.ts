import type { Command } from './command.ts'
import { Refused, withOperator } from './operator.ts'

/** `token NAME`: prints an access token of that account, for scripts and for trying the API. */
export const token: Command = async ({ config, log, words }) => {
  const [username] = words
  if (username === undefined) throw new Refused('Usage: parlance token NAME')
  const made = (await withOperator({ config, log }, (ask) => ask({ token: username }))) as { token: string; expires_in: number }
  console.log(made.token)
  console.error(`Valid for ${Math.round(made.expires_in / 60)} minutes.`)
  return 0
}
