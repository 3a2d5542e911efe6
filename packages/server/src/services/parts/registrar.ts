import { ChatError, type Fault, type InputOf, limits } from '@parlance/protocol'
import { type Passwords, passwordFault } from '../../auth/passwords.ts'
import type { Clock } from '../../base/clock.ts'
import { Overloaded } from '../../base/semaphore.ts'
import type { Door } from '../../dispatch.ts'
import { emailKey, isEmail } from '../../rules/emails.ts'
import { usernameFault, usernameKey } from '../../rules/usernames.ts'
import type { NewSession, NewUser, UserRow } from '../../store/rows.ts'
import type { WriteOutput } from '../../store/writes.ts'
import type { Store } from '../../store/store.ts'
import { type Emit, withoutMessages } from '../emit.ts'
import type { Refs } from '../refs.ts'
import { checkMaker, type Invitation, type Invitations, invalidLink } from './invitations.ts'
import { among } from './people.ts'

/** Who may make an account: everybody, who is invited, or nobody but the operator. */
export type Registration = 'open' | 'invite' | 'off'

export type Applicant = Omit<InputOf<'accounts.register'>, 'session'>
/** `byOperator`: made on this machine, whatever the setting says of who may register. */
type Terms = { door: Door; admin: boolean; session: NewSession | null; byOperator?: true }

/** Makes accounts, with their first session where one is given. Whoever may not register is told so here, at whichever door. */
export type Registrar = {
  create(applicant: Applicant, terms: Terms): Promise<UserRow>
}

type Deps = {
  store: Store
  passwords: Passwords
  clock: Clock
  newId: () => string
  registration: Registration
  refs: Refs
  emit: Emit
  invitations: Invitations
}

export function createRegistrar(deps: Deps): Registrar {
  const { store, passwords, clock, newId, registration, invitations } = deps

  const admitted = async ({ invite }: Applicant): Promise<Invitation | null> => {
    if (registration === 'off') throw new ChatError('registration_closed')
    if (invite === undefined && registration === 'invite') throw new ChatError('invite_required')
    if (invite === undefined) return null
    const invitation = await invitations.find(invite)
    // Members bring people into rooms; into the server, where that is a matter of invitation, only its admins do.
    if (registration === 'invite' && invitation.into !== null && !invitation.maker.admin) throw invalidLink()
    return invitation
  }

  return {
    async create(applicant, { door, admin, session, byOperator }) {
      const invitation = byOperator ? null : await admitted(applicant)
      const faults = [...usernameFaults(applicant, door), ...passwordFaults(applicant, door), ...emailFaults(applicant.email)]
      if (faults.length > 0) throw new ChatError('invalid_input', { errors: faults })
      const { username, email = '', first_name = '', last_name = '' } = applicant
      const name_key = usernameKey(username)
      // Spares the cost of a hash; who loses the race for the name all the same is told by the write.
      if ((await store.users.byNameKey(name_key)) !== undefined) throw new ChatError('username_taken')
      const password = await hashing(() => passwords.hash(applicant.password))
      const owned_email = email === '' ? null : emailKey(email)
      const named = { id: newId(), username, name_key, email, owned_email, password, first_name, last_name }
      const user: NewUser = { ...named, admin, created_at: clock.now() }
      const outcome = await enter(deps, { user, session }, invitation)
      if (outcome.status === 'created') return outcome.user
      if (outcome.status !== 'email_taken' || !door.sharedEmail) throw new ChatError(outcome.status)
      // At such a door the address is shown and does not sign in: that stays with its first account.
      const second = await enter(deps, { user: { ...user, owned_email: null }, session }, invitation)
      if (second.status !== 'created') throw new ChatError(second.status)
      return second.user
    },
  }
}

type Newcomer = { user: NewUser; session: NewSession | null }
type Entered = Exclude<WriteOutput<'users.create'>, { status: 'stale' }>

/** Writes the account, and into the room of an invitation where there is one, judged in the name of whoever made it. */
async function enter({ store, refs, emit }: Deps, newcomer: Newcomer, invitation: Invitation | null): Promise<Entered> {
  const number = invitation?.invite.number
  if (invitation === null || invitation.into === null) {
    const invited = number === undefined ? {} : { invited: { number, into: null } }
    const outcome = await store.queue.write('users.create', { ...newcomer, ...invited })
    if (outcome.status === 'stale') throw new Error('a judgement of no room was stale')
    return outcome
  }
  const { invite, into, maker } = invitation
  const { seen, outcome } = await refs.change(maker, into.room.id, (seen) => {
    checkMaker(seen, into.role)
    const place = { room: seen.room.number, acl: seen.room.acl, role: into.role, by: maker.number, roomMembers: limits.room_members }
    return store.queue.write('users.create', { ...newcomer, invited: { number: invite.number, into: place } })
  })
  if (outcome.status === 'created') {
    emit.room(outcome.events, withoutMessages(seen.standing.room.key, among([maker, outcome.user])))
    emit.user(outcome.userEvents, seen.standing.room.key)
  }
  return outcome
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
