import type { Clock, Timer } from '../../base/clock.ts'
import type { Presence, PresenceStatus } from '../presence.ts'

/** How long after the last socket a user still counts as online (ms). */
const graceMs = 10_000

type Here = { sockets: number /** Runs once the last socket has gone. */; grace: Timer | null }
type Watcher = (status: PresenceStatus) => void

/** Presence of a server that is one process, and so knows of every socket. Disposing forgets everybody without telling. */
export function memoryPresence({ clock }: { clock: Clock }): Presence & Disposable {
  const here = new Map<number, Here>()
  const watchers = new Map<number, Set<Watcher>>()

  const tell = (user: number, status: PresenceStatus): void => {
    // Of those who watch now: who begins while others are told has asked for what comes after.
    const told = [...(watchers.get(user) ?? [])]
    for (const watcher of told) watcher(status)
  }

  const arrive = (user: number): Here => {
    const known = here.get(user)
    known?.grace?.cancel()
    const entry = known ?? { sockets: 0, grace: null }
    entry.sockets += 1
    entry.grace = null
    here.set(user, entry)
    if (known === undefined) tell(user, 'online')
    return entry
  }

  const depart = (user: number, entry: Here): void => {
    entry.sockets -= 1
    if (entry.sockets > 0 || here.get(user) !== entry) return
    entry.grace = clock.setTimeout(() => {
      here.delete(user)
      tell(user, 'offline')
    }, graceMs)
  }

  return {
    enter(user) {
      const entry = arrive(user)
      let isInside = true
      return () => {
        if (isInside) depart(user, entry)
        isInside = false
      }
    },

    status: (users) => Promise.resolve(users.map((user) => (here.has(user) ? 'online' : 'offline'))),

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
      for (const { grace } of here.values()) grace?.cancel()
      here.clear()
      watchers.clear()
    },
  }
}
