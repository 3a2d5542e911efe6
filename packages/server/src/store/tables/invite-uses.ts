import type { Tx } from './locks.ts'

/** Uses an invitation up by one. The row is locked by it: of many who come at once, as many as may do. */
export async function spendInvite(tx: Tx, number: number, at: number): Promise<boolean> {
  const used = await tx
    .updateTable('invites')
    .set((row) => ({ uses: row('uses', '+', 1) }))
    .where('number', '=', number)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .whereRef('uses', '<', 'max_uses')
    .returning('number')
    .executeTakeFirst()
  return used !== undefined
}

export async function giveBack(tx: Tx, number: number): Promise<void> {
  await tx
    .updateTable('invites')
    .set((row) => ({ uses: row('uses', '-', 1) }))
    .where('number', '=', number)
    .execute()
}
