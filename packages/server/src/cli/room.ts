import type { RoomPage, RoomSheet } from '../boot/operator-rooms.ts'
import { clean } from '../terminal/clean.ts'
import type { Command } from './command.ts'
import { type Ask, Refused, withOperator } from './operator.ts'

/** `room list [PART OF A NAME]`, `room show ROOM` */
export const room: Command = async ({ config, log, words }) => {
  const [verb, ref = ''] = words
  if (verb !== 'list' && (verb !== 'show' || ref === ''))
    throw new Refused('Usage:\n  parlance room list [PART OF A NAME]\n  parlance room show ROOM')
  await withOperator({ config, log }, (ask) => (verb === 'list' ? list(ask, ref) : show(ask, ref)))
  return 0
}

async function list(ask: Ask, query: string): Promise<void> {
  let after: number | null = null
  do {
    const page = (await ask({ rooms: { query, after } })) as RoomPage
    for (const { id, kind, name, title, members, messages, made } of page.items) {
      const figures = `${String(members).padStart(6)} members ${String(messages).padStart(8)} messages`
      console.log(
        [id, made.slice(0, 10), kind.padEnd(6), figures, name === null ? '' : clean(`name:${name}`), clean(title ?? '')]
          .join('  ')
          .trimEnd(),
      )
    }
    after = page.next
  } while (after !== null)
}

async function show(ask: Ask, ref: string): Promise<void> {
  const { people, policy, ...sheet } = (await ask({ room: ref })) as RoomSheet
  for (const [field, value] of Object.entries(sheet)) if (value !== null) console.log(`${field.padEnd(12)} ${clean(String(value))}`)
  console.log(
    `policy       ${Object.entries(policy)
      .map(([what, who]) => `${what}=${who}`)
      .join(' ')}`,
  )
  for (const { username, role, joined } of people) console.log(`  ${role.padEnd(6)} ${joined.slice(0, 10)} ${clean(username)}`)
  const more = sheet.members - people.length
  if (more > 0) console.log(`  and ${more} more`)
}
