import type { Clock } from '../../base/clock.ts'
import type { Bus, Person, RoomKey } from '../bus.ts'
import type { Here } from '../here.ts'

type Guest = { person: Person; sockets: number }

/** Who is here at a server that is one process, and so knows of every socket. `max`: people of one room that are told and listed. */
export function memoryHere({ bus, clock, max }: { bus: Bus; clock: Clock; max: number }): Here {
  const rooms = new Map<number, Map<number, Guest>>()

  /** Whether the room was told: a crowd is not, or everybody would hear of everybody. */
  const tell = (room: RoomKey, user: Person, change: { here: boolean; crowd: number }): boolean => {
    if (change.crowd > max) return false
    bus.publish({ kind: 'here', room, user, here: change.here, at: clock.now() })
    return true
  }

  const depart = (room: RoomKey, guest: Guest): void => {
    guest.sockets -= 1
    const guests = rooms.get(room.number)
    if (guest.sockets > 0 || guests === undefined) return
    const crowd = guests.size
    guests.delete(guest.person.number)
    if (guests.size === 0) rooms.delete(room.number)
    tell(room, guest.person, { here: false, crowd })
  }

  const heard = (room: number): Person[] => {
    const people: Person[] = []
    for (const { person } of rooms.get(room)?.values() ?? []) if (people.push(person) === max) break
    return people
  }

  return {
    enter(room, person) {
      const guests = rooms.get(room.number) ?? new Map<number, Guest>()
      rooms.set(room.number, guests)
      const known = guests.get(person.number)
      const guest = known ?? { person, sockets: 0 }
      guest.sockets += 1
      guests.set(person.number, guest)
      const told = known === undefined && tell(room, person, { here: true, crowd: guests.size })
      let isHeld = true
      return {
        told,
        end() {
          if (isHeld) depart(room, guest)
          isHeld = false
        },
      }
    },
    heard,
    people: (room) => Promise.resolve(heard(room)),
  }
}
