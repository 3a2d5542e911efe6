import type { OutputOf } from '@parlance/protocol'
import type { Command } from './command.ts'
import { type Ask, Refused, withOperator } from './operator.ts'

type Options = Parameters<Command>[0]['options']

const usage = `Usage:
  parlance invite [--uses N] [--days N]
  parlance invite list
  parlance invite revoke ID`

/** `invite [list|revoke ID]`: invitations into the server. */
export const invite: Command = async ({ config, log, words, options }) => {
  const [verb = 'create', id] = words
  const isFit = verb === 'revoke' ? id !== undefined : id === undefined && ['create', 'list'].includes(verb)
  if (!isFit) throw new Refused(usage)
  await withOperator({ config, log }, async (ask) => {
    if (verb === 'create') await create(ask, options)
    else if (verb === 'list') await list(ask)
    else {
      await ask({ op: 'invites.revoke', in: { invite: id } })
      console.log('Revoked.')
    }
  })
  return 0
}

async function create(ask: Ask, options: Options): Promise<void> {
  const uses = wholeNumber(options, 'uses') ?? 1
  const days = wholeNumber(options, 'days') ?? 7
  const input = { max_uses: uses, expires_in: days * 86_400 }
  const { url, code, invite: made } = (await ask({ op: 'invites.create', in: input })) as OutputOf<'invites.create'>
  console.log(`${url}\nThe code ${code} lets ${uses === 1 ? 'one person' : `${uses} people`} register until ${made.expires_at}.`)
}

async function list(ask: Ask): Promise<void> {
  let cursor: string | null = null
  do {
    const input = { limit: 100, ...(cursor !== null && { cursor }) }
    const page = (await ask({ op: 'invites.list', in: input })) as OutputOf<'invites.list'>
    for (const { id, uses, max_uses, expires_at, by } of page.items)
      console.log(`${id}  ${uses} of ${max_uses} used  until ${expires_at}  by ${by?.username ?? 'a command'}`)
    cursor = page.next
  } while (cursor !== null)
}

function wholeNumber(options: Options, name: string): number | null {
  const given = options[name]
  if (given === undefined) return null
  if (typeof given !== 'string' || !/^[1-9]\d{0,5}$/.test(given))
    throw new Refused(`--${name} is not a whole number of at least 1.\n${usage}`)
  return Number(given)
}
