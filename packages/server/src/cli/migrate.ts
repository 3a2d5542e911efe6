import { migrateNow, pending } from '../boot/migrations.ts'
import type { Command } from './command.ts'

/** `migrate [--check]`: what every start does, for those who want it to be a step of its own; `--check` only looks, and fails if there is work. */
export const migrate: Command = async ({ config, options }) => {
  const isCheck = options.check === true
  const names = isCheck ? await pending(config) : await migrateNow(config)
  for (const name of names) console.log(`${isCheck ? 'waits' : 'done '}  ${name}`)
  if (names.length === 0) console.log('The tables are up to date.')
  return isCheck && names.length > 0 ? 1 : 0
}
