import type { Clock, Timer } from '../../base/clock.ts'
import type { Presence, PresenceStatus } from '../presence.ts'

/** How long after the last socket a user still counts as online (ms). */
const graceMs = 10_000

type Watcher = (status: PresenceStatus) => void

/** Presence of a server that is one process, and so knows of every socket. Disposing forgets everybody without telling. */
export function memoryPresence({ clock }: { clock: Clock }): Presence & Disposable {
  const sockets = new Map<number, number>()
  /** Of those whose last socket has gone: tells once the grace is over. */
  const graces = new Map<number, Timer>()
  const watchers = new Map<number, Set<Watcher>>()

  const tell = (user: number, status: PresenceStatus): void => {
    // Of those who watch now: who begins while others are told has asked for what comes after.
    const told = [...(watchers.get(user) ?? [])]
    for (const watcher of told) watcher(status)
  }

  const isHere = (user: number): boolean => sockets.has(user) || graces.has(user)

  return {
    enter(user) {
      const wasHere = isHere(user)
      graces.get(user)?.cancel()
      graces.delete(user)
      sockets.set(user, (sockets.get(user) ?? 0) + 1)
      if (!wasHere) tell(user, 'online')
    },

    leave(user) {
      const open = sockets.get(user) ?? 0
      if (open > 1) sockets.set(user, open - 1)
      if (open !== 1) return
      sockets.delete(user)
      const grace = clock.setTimeout(() => {
        graces.delete(user)
        tell(user, 'offline')
      }, graceMs)
      graces.set(user, grace)
    },

    status: (users) => Promise.resolve(users.map((user) => (isHere(user) ? 'online' : 'offline'))),

    watch(user, onChange) {
      // A function of its own, so that the same callback given twice is two watches.
      const watcher: Watcher = (status) => onChange(status)
      const all = watchers.get(user) ?? new Set()
      watchers.set(user, all.add(watcher))
      return () => {
        all.delete(watcher)
        if (all.size === 0 && watchers.get(user) === all) watchers.delete(user)
      }
    },

    [Symbol.dispose]() {
      for (const grace of graces.values()) grace.cancel()
      graces.clear()
      sockets.clear()
      watchers.clear()
    },
  }
}
