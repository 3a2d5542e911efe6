import { ChatError, type Fault, type InputOf, limits } from '@parlance/protocol'
import { passwordFault, type Passwords } from '../../auth/passwords.ts'
import type { Clock } from '../../base/clock.ts'
import { Overloaded } from '../../base/semaphore.ts'
import type { Door } from '../../dispatch.ts'
import { emailKey, isEmail } from '../../rules/emails.ts'
import { usernameFault, usernameKey } from '../../rules/usernames.ts'
import type { UserRow } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import type { NewSession, NewUser } from '../../store/writes.ts'

export type Applicant = Omit<InputOf<'accounts.register'>, 'session'>
type Terms = { door: Door; admin: boolean; session: NewSession | null }

/** Makes accounts, with their first session where one is given. Whether people may register is not asked here. */
export type Registrar = {
  create(applicant: Applicant, terms: Terms): Promise<UserRow>
}

type Deps = { store: Store; passwords: Passwords; clock: Clock; newId: () => string }

export function createRegistrar({ store, passwords, clock, newId }: Deps): Registrar {
  return {
    async create(applicant, { door, admin, session }) {
      const faults = [...usernameFaults(applicant, door), ...passwordFaults(applicant, door), ...emailFaults(applicant.email)]
      if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
      const { username, email = '', first_name = '', last_name = '' } = applicant
      const name_key = usernameKey(username)
      // Spares the cost of a hash; who loses the race for the name all the same is told by the write.
      if ((await store.users.byNameKey(name_key)) !== undefined) throw new ChatError('username_taken')
      const password = await hashing(() => passwords.hash(applicant.password))
      const owned_email = email === '' ? null : emailKey(email)
      const user: NewUser = {
        id: newId(),
        username,
        name_key,
        email,
        owned_email,
        password,
        first_name,
        last_name,
        admin,
        created_at: clock.now(),
      }
      const outcome = await store.queue.write('users.create', { user, session })
      if (outcome.status === 'created') return outcome.user
      if (outcome.status === 'username_taken' || !door.sharedEmail) throw new ChatError(outcome.status)
      // At such a door the address is shown and does not sign in: that stays with its first account.
      const second = await store.queue.write('users.create', { user: { ...user, owned_email: null }, session })
      if (second.status !== 'created') throw new ChatError(second.status)
      return second.user
    },
  }
}

/** So many hashes wait already that another one would take too long. */
export async function hashing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Overloaded ? new ChatError('overloaded', { retry_ms: 1000, cause: error }) : error
  }
}

export function emailFaults(email: string | undefined): Fault[] {
  return email === undefined || email === '' || isEmail(email) ? [] : [{ path: '/email', code: 'email', message: 'Not an e-mail address.' }]
}

function usernameFaults({ username }: Applicant, { anyUsername }: Door): Fault[] {
  const fault = usernameFault(username, { any: anyUsername })
  if (fault === null) return []
  const allowed = anyUsername ? 'Only visible characters are allowed.' : 'Only letters, digits and the characters @ . + - _ are allowed.'
  return [{ path: '/username', code: fault, message: fault === 'blank' ? 'May not be blank.' : allowed }]
}

export function passwordFaults({ password }: { password: string }, { passwordMin }: Pick<Door, 'passwordMin'>): Fault[] {
  const fault = passwordFault(password, passwordMin)
  if (fault === null) return []
  const message = fault === 'too_short' ? `At least ${passwordMin} characters.` : `At most ${limits.password_bytes} bytes.`
  return [{ path: '/password', code: fault, message }]
}
