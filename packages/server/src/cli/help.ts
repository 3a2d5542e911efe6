import { flagOf, SETTINGS } from '../config/settings.ts'

const commands = [
  ['serve', 'run the server (the default)'],
  ['user create NAME [--admin] [--email ADDRESS] [--password WORD]', 'make an account; without --password one is made up and printed'],
  ['user list [PART]', 'every account, or those whose names contain PART'],
  ['user password NAME [--password WORD]', 'set a new password and end every session; without --password one is made up and printed'],
  ['user reset-link NAME', 'a link that lets somebody set a new password, good once and for an hour'],
  ['user delete NAME --messages keep|remove', 'delete an account; what it wrote stays nameless, or is removed'],
  ['user suspend NAME | user restore NAME', 'end everything a person has open and keep them out; or let them in again'],
  ['token NAME', 'print an access token of an account, valid as long as any'],
  ['invite [--uses N] [--days N]', 'a link that lets people register where that is by invitation; `invite list`, `invite revoke ID`'],
  ['chat [--url URL] [--user NAME] [--room NAME]', 'a small chat in the terminal'],
  ['demo', 'fill the server with people, rooms and messages to look at'],
  ['room list [PART OF A NAME]', 'every room, its members and messages'],
  ['room show ROOM', 'one room, by id or name:NAME, and who is in it'],
  ['migrate [--check]', 'bring the tables up to date, as every start does; --check only says what waits'],
  ['backup FILE', 'write everything that is kept into one file, while the server runs'],
  ['restore FILE [--force]', 'put a backup in the place of the database; the server must be stopped'],
  ['doctor', 'check the installation and say what is wrong'],
  ['help', 'this text'],
]

/** Prints the commands and every setting. */
export function help(): Promise<number> {
  const pad = (text: string, width: number) => text.padEnd(width)
  console.log('parlance COMMAND [--setting value]\n')
  for (const [usage = '', text = ''] of commands) console.log(`  ${usage}\n      ${text}`)
  console.log('\nSettings (environment variable or flag):\n')
  for (const setting of SETTINGS) {
    console.log(
      `  ${pad(setting.name, 30)} ${pad(flagOf(setting.name), 32)} ${setting.description}${setting.default === '' ? '' : ` (${setting.default})`}`,
    )
  }
  return Promise.resolve(0)
}
