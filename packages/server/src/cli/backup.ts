import { statSync } from 'node:fs'
import { backUp, restore as restoreFrom } from '../boot/backup.ts'
import type { Command } from './command.ts'
import { Refused } from './operator.ts'

const tell = (table: string, rows: number) => {
  console.error(`  ${table.padEnd(24)} ${rows.toLocaleString('en')} rows`)
}

/** `backup FILE`: everything the server keeps, in one file, while it runs. */
export const backup: Command = async ({ config, words }) => {
  const [file] = words
  if (file === undefined) throw new Refused('Usage: parlance backup FILE')
  await backUp(config, file, tell)
  console.log(
    `Wrote ${file} (${(statSync(file).size / 1024 / 1024).toFixed(1)} MiB). It holds passwords' hashes and keys: keep it like them.`,
  )
  return 0
}

/** `restore FILE [--force]`: a backup in the place of the database. */
export const restore: Command = async ({ config, words, options }) => {
  const [file] = words
  if (file === undefined) throw new Refused('Usage: parlance restore FILE [--force]')
  const { madeAt, kept } = await restoreFrom(config, file, { force: options.force === true, progress: tell })
  console.log(`Restored what was kept at ${madeAt.toISOString()}. Every client will read anew.`)
  if (kept !== null) console.log(`The former database is in ${kept}.`)
  return 0
}
