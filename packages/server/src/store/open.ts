import { assembleStore, type StoreDeps } from './assemble.ts'
import { SqliteThread } from './drivers/sqlite-thread.ts'
import type { Store } from './store.ts'

/** Opens a database file, made and migrated as needed. The caller sees to it that no other process has it open. */
export async function openSqlite(path: string, deps: StoreDeps): Promise<Store> {
  const driver = new SqliteThread(path, { migrated: (migration) => deps.log.info('the database was migrated', { migration }) })
  try {
    return await assembleStore(driver, deps)
  } catch (error) {
    await driver.close()
    throw error
  }
}
