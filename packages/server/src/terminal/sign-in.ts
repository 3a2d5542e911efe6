import { ChatError, type Client } from '@parlance/client'
import type { Prompt } from './prompt.ts'
import type { Screen } from './screen.ts'

export type Credentials = { user?: string | undefined; password?: string | undefined }

type Desk = { client: Client; prompt: Prompt; screen: Screen }

/** How often a name and password may be typed. */
const tries = 3

/** Signs in, or makes the account if there is none of that name. False when the person gave up or was refused. */
export async function signIn(desk: Desk, { user, password }: Credentials): Promise<boolean> {
  for (let turn = 0; turn < tries; turn += 1) {
    const name = turn === 0 && user !== undefined ? user : await desk.prompt.ask('user name: ')
    if (name === null || name.trim() === '') return false
    const word = turn === 0 && password !== undefined ? password : await desk.prompt.ask('password: ', { hidden: true })
    if (word === null) return false
    const outcome = await enter(desk, name.trim(), word)
    if (outcome !== 'again') return outcome === 'in'
    // Given beforehand, nobody is there to give another one.
    if (user !== undefined && password !== undefined) return false
  }
  return false
}

async function enter(desk: Desk, username: string, password: string): Promise<'in' | 'out' | 'again'> {
  try {
    await desk.client.login(username, password)
    return 'in'
  } catch (error) {
    if (error instanceof ChatError && error.code === 'invalid_credentials') return create(desk, username, password)
    return refused(desk, error)
  }
}

/** The server does not say whether the name or the password was wrong; trying to take the name finds out. */
async function create({ client, prompt, screen }: Desk, username: string, password: string): Promise<'in' | 'out' | 'again'> {
  const answer = await prompt.ask(`No account with this name and password. Create "${username}"? (y/n) `)
  if (answer === null) return 'out'
  if (!/^y(es)?$/i.test(answer.trim())) return 'again'
  try {
    await client.register({ username, password })
    return 'in'
  } catch (error) {
    if (!(error instanceof ChatError)) return refused({ client, prompt, screen }, error)
    screen.warning(error.code === 'username_taken' ? 'That name is taken, and this is not its password.' : error.detail)
    for (const { path, message } of error.faults ?? []) screen.warning(`${path.replace(/^\//, '')}: ${message}`)
    return 'again'
  }
}

function refused({ screen }: Desk, error: unknown): 'out' | 'again' {
  screen.warning(error instanceof Error ? failure(error) : String(error))
  return error instanceof ChatError && error.code === 'rate_limited' ? 'again' : 'out'
}

/** An error in words for the person at the terminal. */
export function failure(error: Error): string {
  if (!(error instanceof ChatError)) return error.message
  if (error.code === 'unknown_outcome' && error.cause !== undefined) return 'The server could not be reached.'
  return [error.detail, ...(error.faults ?? []).map(({ path, message }) => `${path.replace(/^\//, '')}: ${message}`)].join(' ')
}
