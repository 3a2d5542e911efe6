import { ChatError, type Message, type Room, type RoomEventFrame, type UserBrief, type UserEventFrame } from '@parlance/protocol'

export type Person = { id: string; username: string; password: string; useq: number; facts: UserEventFrame[] }
export type Hall = {
  id: string
  kind: Room['kind']
  name: string | null
  title: string | null
  creator: UserBrief
  members: Map<string, { read: number; role: 'owner' | 'member' }>
  log: RoomEventFrame[]
  messages: Message[]
  cids: Map<string, Message>
}

/** What a message may come with in this world. */
export type Draft = { content: string; cid?: string; reply_to?: string }

/** What happened, for whoever carries it to the sockets. */
export type News =
  | { to: Hall; event: RoomEventFrame }
  | { toUser: string; fact: UserEventFrame }
  | { to: Hall; from: UserBrief; typing: boolean }
  | { to: Hall; from: UserBrief; read: number }

/** A small chat world in memory, just true enough for a client to live in. It has no rights beyond membership. */
export class World {
  readonly people = new Map<string, Person>()
  readonly halls = new Map<string, Hall>()
  readonly tell: (news: News) => void
  #ids = 0

  constructor(tell: (news: News) => void) {
    this.tell = tell
  }

  id(): string {
    this.#ids += 1
    return `00000000-0000-7000-8000-${this.#ids.toString(16).padStart(12, '0')}`
  }

  get now(): string {
    return new Date().toISOString()
  }

  addPerson(username: string, password: string): Person {
    if ([...this.people.values()].some((other) => other.username === username)) throw new ChatError('username_taken')
    const person: Person = { id: this.id(), username, password, useq: 0, facts: [] }
    this.people.set(person.id, person)
    return person
  }

  addHall(maker: Person, kind: Room['kind'], names: { name?: string; title?: string } = {}): Hall {
    const hall: Hall = {
      id: this.id(),
      kind,
      name: names.name ?? null,
      title: names.title ?? null,
      creator: brief(maker),
      members: new Map(),
      log: [],
      messages: [],
      cids: new Map(),
    }
    this.halls.set(hall.id, hall)
    this.#log(hall, { ev: 'room.created', data: { by: brief(maker), kind } })
    this.join(hall, maker, 'owner')
    return hall
  }

  join(hall: Hall, person: Person, role: 'owner' | 'member' = 'member'): void {
    if (hall.members.has(person.id)) return
    hall.members.set(person.id, { read: hall.messages.length, role })
    const { seq } = this.#log(hall, { ev: 'member.joined', data: { user: brief(person), role, by: null } })
    this.fact(person, { uev: 'room.joined', data: { room: hall.id, seq } })
  }

  leave(hall: Hall, person: Person): void {
    if (!hall.members.has(person.id)) throw new ChatError('not_found')
    const { seq } = this.#log(hall, { ev: 'member.left', data: { user: brief(person), by: null } })
    hall.members.delete(person.id)
    this.fact(person, { uev: 'room.left', data: { room: hall.id, seq } })
  }

  /** A message as if its sender had sent it from elsewhere. */
  say(hall: Hall, sender: Person, draft: string | Draft): { message: Message; dup: boolean } {
    const { content, ...more } = typeof draft === 'string' ? { content: draft } : draft
    const key = `${sender.id}/${more.cid ?? this.id()}`
    const known = hall.cids.get(key)
    if (known !== undefined) {
      if (known.content !== content) throw new ChatError('cid_conflict')
      return { message: known, dup: true }
    }
    const n = hall.messages.length + 1
    const seq = hall.log.length + 1
    const message: Message = {
      id: this.id(),
      room: hall.id,
      seq,
      n,
      rev: seq,
      sender: brief(sender),
      kind: 'text',
      content,
      created_at: this.now,
      ...(more.cid !== undefined && { cid: more.cid }),
      ...(more.reply_to !== undefined && { reply_to: more.reply_to }),
    }
    hall.messages.push(message)
    hall.cids.set(key, message)
    const member = hall.members.get(sender.id)
    if (member !== undefined) member.read = n
    this.#log(hall, { ev: 'message.created', n, data: message })
    return { message, dup: false }
  }

  /** A room this person may read, by any of its names. */
  hall(me: Person, ref: string): Hall {
    const hall = ref.startsWith('name:') ? [...this.halls.values()].find(({ name }) => name === ref.slice(5)) : this.halls.get(ref)
    if (hall === undefined || (hall.kind !== 'public' && !hall.members.has(me.id))) throw new ChatError('not_found')
    return hall
  }

  person(me: Person, ref: string): Person {
    if (ref === 'me') return me
    const found = ref.startsWith('name:')
      ? [...this.people.values()].find(({ username }) => username === ref.slice(5))
      : this.people.get(ref)
    if (found === undefined) throw new ChatError('not_found')
    return found
  }

  /** The log as it reads now: content is that of today, facts stay. */
  eventsOf({ log, messages }: Hall, after: number, upto: number): RoomEventFrame[] {
    return log
      .slice(after, upto)
      .map((event) => (event.ev === 'message.created' ? { ...event, data: messages[event.data.n - 1] ?? event.data } : event))
  }

  message({ messages }: Hall, id: string): Message {
    const found = messages.find((message) => message.id === id)
    if (found === undefined) throw new ChatError('not_found')
    return found
  }

  replace(hall: Hall, message: Message, what: 'edited' | 'deleted'): Message {
    hall.messages[message.n - 1] = message
    const { id, n, rev, sender } = message
    if (what === 'edited') this.#log(hall, { ev: 'message.edited', data: { id, n, rev, message } })
    else this.#log(hall, { ev: 'message.deleted', data: { id, n, rev, by: sender } })
    return message
  }

  #log(hall: Hall, what: DistributiveOmit<RoomEventFrame, 'room' | 'seq' | 'at'>): RoomEventFrame {
    const event: RoomEventFrame = { ...what, room: hall.id, seq: hall.log.length + 1, at: this.now }
    hall.log.push(event)
    this.tell({ to: hall, event })
    return event
  }

  fact(person: Person, what: DistributiveOmit<UserEventFrame, 'useq' | 'at'>): void {
    person.useq += 1
    const fact: UserEventFrame = { ...what, useq: person.useq, at: this.now }
    person.facts.push(fact)
    this.tell({ toUser: person.id, fact })
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

export const brief = ({ id, username }: { id: string; username: string }): UserBrief => ({ id, username })
