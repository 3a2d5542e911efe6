import type { OutputOf } from '@parlance/protocol'
import { randomToken, systemRandom } from '../base/random.ts'
import type { Command } from './command.ts'
import { type Ask, Refused, withOperator } from './operator.ts'

type Context = Parameters<Command>[0]
type Verb = { usage: string; run: (ask: Ask, name: string, options: Context['options']) => Promise<void> }

const verbs: Record<string, Verb> = {
  create: { usage: 'create NAME [--admin] [--email ADDRESS] [--password WORD]', run: create },
  list: { usage: 'list [PART OF A NAME]', run: list },
  delete: { usage: 'delete NAME --messages keep|remove', run: remove },
  suspend: { usage: 'suspend NAME', run: suspend },
  restore: { usage: 'restore NAME', run: restore },
  'reset-link': { usage: 'reset-link NAME', run: resetLink },
  password: { usage: 'password NAME [--password WORD]', run: changePassword },
}

/** `user create|list|password|reset-link|delete|suspend|restore …` */
export const user: Command = async ({ config, log, words, options }) => {
  const [word = '', name = ''] = words
  const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined
  if (verb === undefined || (name === '' && word !== 'list')) throw new Refused(usage(verb))
  await withOperator({ config, log }, (ask) => verb.run(ask, name, options))
  return 0
}

const usage = (verb?: Verb): string =>
  ['Usage:', ...(verb === undefined ? Object.values(verbs) : [verb]).map((one) => `  parlance user ${one.usage}`)].join('\n')

/** The word given, or one made up and to be told. */
function chosen(options: Context['options']): { password: string; told: string } {
  if (typeof options.password === 'string') return { password: options.password, told: '' }
  const password = randomToken(systemRandom, 12)
  return { password, told: ` Password: ${password}` }
}

async function create(ask: Ask, username: string, options: Context['options']): Promise<void> {
  const { password, told } = chosen(options)
  const email = typeof options.email === 'string' ? options.email : undefined
  await ask({ user: { username, password, email, admin: options.admin === true } })
  console.log(`Created ${username}${options.admin === true ? ', an admin' : ''}.${told}`)
}

async function changePassword(ask: Ask, username: string, options: Context['options']): Promise<void> {
  const { password, told } = chosen(options)
  await ask({ op: 'users.set_password', in: { user: `name:${username}`, password } })
  console.log(`The password of ${username} is changed and every session ended.${told}`)
}

async function resetLink(ask: Ask, username: string): Promise<void> {
  const { url, expires_at } = (await ask({ op: 'users.reset_link', in: { user: `name:${username}` } })) as OutputOf<'users.reset_link'>
  console.log(`${url}\nSets a new password for ${username}, once, until ${expires_at}.`)
}

async function remove(ask: Ask, username: string, { messages }: Context['options']): Promise<void> {
  if (messages !== 'keep' && messages !== 'remove') throw new Refused(usage(verbs.delete))
  await ask({ op: 'users.delete', in: { user: `name:${username}`, messages } })
  console.log(`Deleted ${username}. ${messages === 'keep' ? 'What they wrote stays.' : 'What they wrote is being removed.'}`)
}

async function suspend(ask: Ask, username: string): Promise<void> {
  await ask({ op: 'users.suspend', in: { user: `name:${username}` } })
  console.log(`Suspended ${username}. Everything they had open has ended.`)
}

async function restore(ask: Ask, username: string): Promise<void> {
  await ask({ op: 'users.restore', in: { user: `name:${username}` } })
  console.log(`${username} may sign in again.`)
}

async function list(ask: Ask, query: string): Promise<void> {
  let cursor: string | null = null
  do {
    const input = { limit: 100, ...(query !== '' && { query }), ...(cursor !== null && { cursor }) }
    const page = (await ask({ op: 'users.list', in: input })) as OutputOf<'users.list'>
    for (const { id, username, state, admin, email, created_at } of page.items)
      console.log([id, created_at.slice(0, 10), state.padEnd(9), admin ? 'admin' : '     ', username, email].join('  ').trimEnd())
    cursor = page.next
  } while (cursor !== null)
}
