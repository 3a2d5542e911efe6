import type { Person } from '../live/bus.ts'
import type { PresenceStatus } from '../live/presence.ts'
import type { Hub } from './hub.ts'
import type { Sitter } from './sitter.ts'

/** Tells a seat how somebody stands now, and every change of it. The answer ends it. */
export function watchPerson(
  { deps: { presence, encoders } }: Hub,
  { dialect, wire }: Pick<Sitter, 'dialect' | 'wire'>,
  { person, now }: { person: Person; now: PresenceStatus },
): () => void {
  const tell = (status: PresenceStatus) => {
    const text = encoders.get(dialect)?.presence(person.id, status) ?? null
    if (text !== null) wire.send(text)
  }
  const end = presence.watch(person.number, tell)
  tell(now)
  return end
}
