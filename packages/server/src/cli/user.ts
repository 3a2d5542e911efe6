import type { Command } from './command.ts'
import { systemRandom, randomToken } from '../base/random.ts'
import { Refused, withOperator } from './operator.ts'

/** `user create NAME [--admin] [--email ADDRESS] [--password WORD]` */
export const user: Command = async ({ config, log, words, options }) => {
  const [verb, username] = words
  if (verb !== 'create' || username === undefined)
    throw new Refused('Usage: parlance user create NAME [--admin] [--email ADDRESS] [--password WORD]')
  const made = typeof options.password === 'string' ? null : randomToken(systemRandom, 12)
  const password = made ?? String(options.password)
  const email = typeof options.email === 'string' ? options.email : undefined
  await withOperator({ config, log }, (ask) => ask({ user: { username, password, email, admin: options.admin === true } }))
  console.log(`Created ${username}${options.admin === true ? ', an admin' : ''}.${made === null ? '' : ` Password: ${made}`}`)
  return 0
}
