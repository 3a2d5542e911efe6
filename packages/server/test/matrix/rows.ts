import type { OperationName } from '@parlance/protocol'
import { accountRows } from './rows/accounts.ts'
import { inviteRows } from './rows/invites.ts'
import { memberRows } from './rows/members.ts'
import { messageRows } from './rows/messages.ts'
import { requestRows } from './rows/requests.ts'
import { roomRows } from './rows/rooms.ts'
import { sanctionRows } from './rows/sanctions.ts'
import type { Call } from './table.ts'

/*
 * To add a row: every operation of the catalog has its call in `calls` and at least one line in `outcomes` of the file of its resource
 * below `rows/`. A line is `operation place` and one word for each role of the columns: `ok`, or the error code that role must get when it
 * calls the operation with the things of that place (see `Place` in cast.ts). Write what must come out, by hand, from what the operation
 * promises; nothing here imports rules or services, and an outcome copied from a run proves nothing. Operations about a room need the
 * places `group`, `public` and `foreign`; those that name a message or a user besides, also `astray`. An operation without a call does not
 * compile, one without a line fails the suite: node bin/bun.mjs test packages/server/test/matrix
 */
const parts = [accountRows, roomRows, memberRows, sanctionRows, requestRows, inviteRows, messageRows]

export const calls = {
  ...accountRows.calls,
  ...roomRows.calls,
  ...memberRows.calls,
  ...inviteRows.calls,
  ...sanctionRows.calls,
  ...requestRows.calls,
  ...messageRows.calls,
} satisfies { [N in OperationName]: Call<N> }

export const outcomes = parts.map((part) => part.outcomes)
