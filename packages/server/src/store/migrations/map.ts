import type { Migration } from 'kysely/migration'
import { core } from './0001-core.ts'
import { accounts } from './0002-accounts.ts'
import { identities } from './0003-identities.ts'
import { moderation } from './0004-rooms.ts'
import { messages } from './0005-messages.ts'
import type { Columns } from './columns.ts'

/** Every migration of both engines by its number, in order. A driver may add its own under later names. */
export const migrations = (columns: Columns): Record<string, Migration> => ({
  '0001-core': core(columns),
  '0002-accounts': accounts(columns),
  '0003-identities': identities(columns),
  '0004-rooms': moderation(columns),
  '0005-messages': messages(columns),
})
