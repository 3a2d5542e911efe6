import { ChatError, type OperationName, type OutputOf, type Room } from '@parlance/protocol'
import type { Actor, DoorSocket, Person } from '../dialect.ts'
import { maxPatienceMs } from '../one-room.ts'
import { nameOf } from './shapes.ts'

/** People looked up for one socket; beyond, all of them are looked up anew. */
const maxPeople = 100

/** The channel of a room, and that of a name which is no room to the one who speaks: no name can be taken for a room. */
export const channelOf = (name: string, room: string | null): string => (room === null ? `name ${name}` : `room ${room}`)

/** Whether it is only a matter of time: nothing was written, and the same will do later. */
export const isBusy = (error: unknown): error is ChatError =>
  error instanceof ChatError && (error.status === 429 || error.code === 'overloaded')

/** Whether there is no such thing for the one who asked, or it is not theirs to do, or not as things stand there. */
export const isBarred = (error: unknown): boolean =>
  error instanceof ChatError && [403, 404, 409].includes(error.status) && error.code !== 'suspended'

/** What {x} and the numbers of people mean to somebody; asked as patiently as the budget of whoever asks wants it. */
export class Places {
  readonly #socket: DoorSocket
  readonly #name: string
  readonly #isOver: () => boolean
  readonly #people = new Map<number, Person>()

  constructor(socket: DoorSocket, name: string, isOver: () => boolean) {
    this.#socket = socket
    this.#name = name
    this.#isOver = isOver
  }

  async patiently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!isBusy(error)) throw error
        const { retryMs = 1000 } = error
        if (retryMs > maxPatienceMs) throw error
        await this.#socket.wait(retryMs)
        // For a socket that has ended the wait is over at once.
        if (this.#isOver()) throw error
      }
    }
  }

  /** The id of the room that {x} names and the person may read; null where it names none to them. */
  async roomOf(actor: Actor): Promise<string | null> {
    const room = await this.#look(actor, 'rooms.get', { room: `name:${this.#name}` })
    return room?.id ?? (await this.#numbered(actor)) ?? (await this.#paired(actor))
  }

  /** The person with this number, whom there must be now. */
  async person(actor: Actor, number: number): Promise<Person | null> {
    const known = this.#people.get(number)
    if (known !== undefined) return known
    const [listed] = await this.patiently(() => this.#socket.directory.people(actor, [number]))
    if (listed === undefined || (await this.#look(actor, 'users.get', { user: listed.id })) === null) return null
    const { id, username } = listed
    if (this.#people.size >= maxPeople) this.#people.clear()
    this.#people.set(number, { number, id, username })
    return { number, id, username }
  }

  /** The oldest room of exactly these two. */
  roomOfTwo(actor: Actor, { number }: Person): Promise<string | null> {
    return this.patiently(() => this.#socket.directory.roomOfTwo(actor, number))
  }

  /** Their direct room, made where there is none. */
  async direct(actor: Actor, { id }: Person): Promise<string> {
    return (await this.patiently(() => this.#socket.call(actor, 'rooms.direct', { user: id }))).room.id
  }

  /** A room without a name is shown by its title and its number. */
  async #numbered(actor: Actor): Promise<string | null> {
    const [, digits] = /_(\d{1,15})$/.exec(this.#name) ?? []
    if (digits === undefined) return null
    const [room] = await this.patiently(() => this.#socket.directory.rooms(actor, [Number(digits)]))
    return room === undefined ? null : await this.#ifShownSo(actor, room)
  }

  /** A direct room is shown by the names of its two people, and found by the pair. */
  async #paired(actor: Actor): Promise<string | null> {
    const { username } = actor
    const others = [
      ...(this.#name.startsWith(`${username}_`) ? [this.#name.slice(username.length + 1)] : []),
      ...(this.#name.endsWith(`_${username}`) ? [this.#name.slice(0, -username.length - 1)] : []),
    ]
    for (const other of others) {
      const user = await this.#look(actor, 'users.get', { user: `name:${other}` })
      const [listed] = user === null ? [] : await this.patiently(() => this.#socket.directory.people(actor, [user.id]))
      const id = listed === undefined ? null : await this.roomOfTwo(actor, listed)
      const found = id === null ? null : await this.#ifShownSo(actor, { id, number: 0 })
      if (found !== null) return found
    }
    return null
  }

  async #ifShownSo(actor: Actor, { id, number }: { id: string; number: number }): Promise<string | null> {
    const room: Room | null = await this.#look(actor, 'rooms.get', { room: id })
    return room !== null && nameOf(room, { number, reader: actor.username }) === this.#name ? id : null
  }

  /** What an operation answers; null where there is no such thing for the person. */
  async #look<N extends OperationName>(actor: Actor, name: N, input: object): Promise<OutputOf<N> | null> {
    try {
      return await this.patiently(() => this.#socket.call(actor, name, input))
    } catch (error) {
      if (isBarred(error) || (error instanceof ChatError && error.code === 'invalid_input')) return null
      throw error
    }
  }
}
