import { deleteUser, forgetDeletion } from './tables/deletion-writes.ts'
import { createInvite, revokeInvite } from './tables/invite-writes.ts'
import type { Tx } from './tables/locks.ts'
import { enterIdentity } from './tables/identity-writes.ts'
import { changeRole, joinMember, leaveRoom, transferRoom, withdraw } from './tables/member-writes.ts'
import { retireEvents, setExpiry } from './tables/expiry-writes.ts'
import { eraseMessages, deleteMessage, editMessage, pinMessage } from './tables/message-writes.ts'
import { deleteRoom, purgeRoom, updateRoom } from './tables/room-changes.ts'
import { closeRequest, openRequest } from './tables/request-writes.ts'
import { createReset, redeemReset } from './tables/reset-writes.ts'
import { createRoom, directRoom } from './tables/room-writes.ts'
import { liftSanction, setSanction } from './tables/sanction-writes.ts'
import {
  createSession,
  endAllSessions,
  endSession,
  renewSession,
  rotateSession,
  spendToken,
  touchSession,
} from './tables/session-writes.ts'
import { sweepPassing } from './tables/sweep-writes.ts'
import { admitUser, createUser, setPassword, updateUser } from './tables/user-writes.ts'
import type { WriteInput, WriteName, WriteOutput } from './writes.ts'

/** Every rarer write, written once for both engines: a transaction and plain data in, plain data out. */
const named: { [N in WriteName]: (tx: Tx, input: WriteInput<N>) => Promise<WriteOutput<N>> } = {
  'users.create': createUser,
  'users.update': updateUser,
  'users.password': setPassword,
  'users.delete': deleteUser,
  'users.deleted': forgetDeletion,
  'members.withdraw': withdraw,
  'messages.erase': eraseMessages,
  'invites.create': createInvite,
  'invites.revoke': revokeInvite,
  'resets.create': createReset,
  'resets.redeem': redeemReset,
  'users.admit': admitUser,
  'identities.enter': enterIdentity,
  'sessions.create': createSession,
  'sessions.rotate': rotateSession,
  'sessions.spend': spendToken,
  'sessions.renew': renewSession,
  'sessions.end': endSession,
  'sessions.end_all': endAllSessions,
  'sessions.touch': touchSession,
  'rooms.create': createRoom,
  'rooms.direct': directRoom,
  'rooms.update': updateRoom,
  'rooms.delete': deleteRoom,
  'rooms.purge': purgeRoom,
  'members.join': joinMember,
  'members.leave': leaveRoom,
  'members.role': changeRole,
  'members.transfer': transferRoom,
  'requests.open': openRequest,
  'requests.close': closeRequest,
  'sanctions.set': setSanction,
  'sanctions.lift': liftSanction,
  'messages.edit': editMessage,
  'messages.delete': deleteMessage,
  'messages.pin': pinMessage,
  'rooms.expiry': setExpiry,
  'rooms.retire': retireEvents,
  'passing.sweep': sweepPassing,
}

/**
 * Runs a rarer write inside a transaction (or savepoint) of its own. On an engine with more than one writer, run it again after a unique
 * conflict, as after a deadlock: what it looks up first then finds who was there before and answers.
 */
export function runWrite<N extends WriteName>(tx: Tx, name: N, input: WriteInput<N>): Promise<WriteOutput<N>> {
  return named[name](tx, input)
}
