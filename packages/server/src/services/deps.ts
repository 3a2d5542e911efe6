import type { Links } from '../auth/links.ts'
import type { Issuer } from '../auth/issuer.ts'
import type { Passwords } from '../auth/passwords.ts'
import type { Tokens } from '../auth/tokens.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Actor, Call, Door, Handlers } from '../dispatch.ts'
import type { Bus } from '../live/bus.ts'
import type { Here } from '../live/here.ts'
import type { Presence } from '../live/presence.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { Store } from '../store/store.ts'
import { createEmit, type Emit } from './emit.ts'
import { type Admission, createAdmission } from './parts/admission.ts'
import { Deletions } from './parts/deletions.ts'
import { createDigest, type Digest } from './parts/digests.ts'
import { createInvitations, type Invitations } from './parts/invitations.ts'
import { createIdentities } from './parts/identities.ts'
import { Lanes } from './parts/lanes.ts'
import { createLogins, type Logins } from './parts/logins.ts'
import { createMarking, type Marking } from './parts/marking.ts'
import { createMembership, type Membership } from './parts/membership.ts'
import { People } from './parts/people.ts'
import { Purge } from './parts/purge.ts'
import { createReach, type Reach } from './parts/reach.ts'
import { createRegistrar, type Registrar, type Registration } from './parts/registrar.ts'
import { createResets, type Resets } from './parts/resets.ts'
import { Sessions } from './parts/sessions.ts'
import { Refs } from './refs.ts'
import { createViews, type Views } from './views.ts'

export type { Actor, Call, Door, Handlers }

/** What boot hands over. */
export type Given = {
  store: Store
  bus: Bus
  presence: Presence
  here: Here
  clock: Clock
  log: Logger
  passwords: Passwords
  tokens: Tokens
  /** A new UUIDv7, never below an earlier one of this process. */
  newId: () => string
  /** Key of message digests, so that a stored digest tells nothing of the text. */
  digestKey: Uint8Array
  /** Seconds an access token of an older door lives, by the door's name. */
  accessSeconds?: ReadonlyMap<string, number>
  registration: Registration
  /** Whose tokens sign people in besides our own. */
  issuer: Issuer | null
  links: Links
  /** Null where the server cannot send mail. */
  mailer: Mailer | null
  /** The origin that links begin with. */
  publicUrl: string
}

/** What a service may use: what boot hands over, and what services have in common. Each service names what it takes of it. */
export type Deps = Given & {
  people: People
  refs: Refs
  reach: Reach
  views: Views
  emit: Emit
  lanes: Lanes
  digest: Digest
  membership: Membership
  marking: Marking
  sessions: Sessions
  logins: Logins
  registrar: Registrar
  invitations: Invitations
  purge: Purge
  resets: Resets
  deletions: Deletions
  admission: Admission
}

/** Makes what services have in common, once for all of them: their caches and the order of their writes are the same ones. */
export function assemble(given: Given): Deps {
  const { store, clock, digestKey } = given
  const people = new People(store.users, clock)
  const refs = new Refs({ store, clock, people })
  const emit = createEmit(given)
  const sessions = new Sessions({ ...given, identities: createIdentities(given), emit })
  const invitations = createInvitations({ ...given, refs })
  return {
    ...given,
    people,
    refs,
    emit,
    reach: createReach({ store }),
    views: createViews({ store, people }),
    lanes: new Lanes(),
    digest: createDigest(digestKey),
    membership: createMembership({ store, clock, refs, emit }),
    marking: createMarking({ store, clock, refs, emit }),
    sessions,
    logins: createLogins(given),
    invitations,
    registrar: createRegistrar({ ...given, refs, emit, invitations }),
    purge: new Purge({ ...given, emit }),
    resets: createResets(given),
    deletions: new Deletions({ ...given, emit, people, sessions }),
    admission: createAdmission({ store, clock, emit, sessions }),
  }
}
