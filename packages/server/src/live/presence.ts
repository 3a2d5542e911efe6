export type PresenceStatus = 'online' | 'offline' | 'unknown'

/**
 * Who is connected, at any door of any node. A lease per (user, node) while a socket is open; a user goes offline 10 s after the last
 * socket closed, so that a reconnect is no transition. May lag or be lost; `unknown` while other nodes cannot be heard.
 */
export interface Presence {
  /** A socket of the user opened here, and one closed: as often as they opened. */
  enter(user: number): void
  leave(user: number): void
  status(users: readonly number[]): Promise<PresenceStatus[]>
  /** Calls back on every transition of the user until ended. */
  watch(user: number, onChange: (status: PresenceStatus) => void): () => void
}
