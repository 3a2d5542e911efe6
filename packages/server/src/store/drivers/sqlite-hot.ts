import type { Database, SQLQueryBindings } from 'bun:sqlite'
import { limits } from '@parlance/protocol/limits'
import type { Kysely, Selectable } from 'kysely'
import { isSameRequest } from '../digests.ts'
import type { MessagesTable, Tables } from '../schema.ts'
import { findMember, hasTooManyRooms, join } from '../tables/member-writes.ts'
import { lockRooms } from '../tables/locks.ts'
import { saveRoom } from '../tables/log-writes.ts'
import { mentionsText } from '../tables/message-writes.ts'
import { createdRow, idBytes, messageOf } from '../tables/rows-of.ts'
import { beginWait, waitOf } from '../tables/slow-mode.ts'
import type { Logged, Stale } from '../outcomes.ts'
import type { ReadIntent, ReadOutcome, SendIntent, SendOutcome } from '../writes.ts'
import type { SendWrite } from './driver.ts'

/** The head of a room's log. Kept from batch to batch, as nobody else writes to this file; what a batch changed is put down at its end. */
type Head = { room: number; last_seq: number; last_n: number; strict_acl: number; touched: boolean; markers: Map<number, number> }

/** Rooms whose heads are kept. */
const headsKept = 50_000

const stale: Stale = { status: 'stale' }

/** The two hot writes, in statements prepared once. Every call stands inside the transaction of its owner. */
export class HotWrites {
  readonly #tx: Kysely<Tables>
  readonly #sql: ReturnType<typeof statements>
  readonly #heads = new Map<number, Head>()
  #touched: Head[] = []
  #staleLanes = new Set<object>()

  constructor(db: Database, tx: Kysely<Tables>) {
    this.#tx = tx
    this.#sql = statements(db)
  }

  /** A promise only where the sender becomes a member first, or the room is in slow mode. */
  send({ lane, send }: SendWrite): SendOutcome | Stale | Promise<SendOutcome> {
    const head = this.#head(send.room)
    const known = this.#known(send)
    if (known !== undefined) return known
    if (send.acl < head.strict_acl || (lane !== null && this.#staleLanes.has(lane))) {
      if (lane !== null) this.#staleLanes.add(lane)
      return stale
    }
    if (send.slowMs !== null) return this.#appendInTurn(head, send)
    return this.#appendOrJoin(head, send)
  }

  read({ room, user, n, at, named = [] }: ReadIntent): ReadOutcome {
    this.putDown()
    const row = this.#sql.marker.get(room, user)
    if (row === null) return null
    for (const one of named) if (one > row.floor_n && one <= row.last_n) this.#sql.named.run(room, one, user, at)
    const target = Math.min(n, row.last_n)
    const raised = target > row.read_n
    const read = raised ? target : row.read_n
    const unread = Math.max(0, row.last_n - Math.max(read, row.from_n, row.floor_n))
    if (!raised) return { read, unread, raised, userEvents: [] }
    this.#sql.mark.run(read, room, user)
    const { useq } = this.#sql.advanceUser.get(user) ?? noUser(user)
    this.#sql.fact.run(user, useq, `read:${room}`, room, read, at)
    return { read, unread, raised, userEvents: [{ user, useq, type: 'room.read', room, position: read, session: null, at }] }
  }

  /** Writes what the sends of this batch left to be written once: heads and the senders' markers. */
  putDown(): void {
    for (const head of this.#touched) {
      head.touched = false
      this.#sql.advanceRoom.run(head.last_seq, head.last_n, head.room)
      for (const [user, n] of head.markers) this.#sql.mark.run(n, head.room, user)
      head.markers.clear()
    }
    this.#touched = []
  }

  /** A rarer write changed this room. */
  forget(room: number): void {
    this.#heads.delete(room)
  }

  /** Between batches. After a rollback what is kept here is not what stands in the file. */
  begin({ clean }: { clean: boolean }): void {
    this.#touched = []
    this.#staleLanes = new Set()
    if (!clean || this.#heads.size > headsKept) this.#heads.clear()
  }

  close(): void {
    for (const statement of Object.values(this.#sql)) statement.finalize()
  }

  #head(room: number): Head {
    const kept = this.#heads.get(room)
    if (kept !== undefined) return kept
    const row = this.#sql.head.get(room)
    if (row === null) throw new Error(`no room ${room}`)
    const head = { room, ...row, touched: false, markers: new Map<number, number>() }
    this.#heads.set(room, head)
    return head
  }

  #known({ room, sender, cid, digest }: SendIntent): SendOutcome | undefined {
    if (cid === null) return undefined
    const row = this.#sql.byCid.get(room, sender, cid)
    if (row === null) return undefined
    return isSameRequest(row.digest, digest) ? { status: 'known', message: messageOf(row) } : { status: 'conflict' }
  }

  #append(head: Head, send: SendIntent, { events, userEvents }: Logged): SendOutcome {
    if (!head.touched) {
      head.touched = true
      this.#touched.push(head)
    }
    const { room, sender, content, meta, mentions, mentionAll, at } = send
    head.last_seq += 1
    head.last_n += 1
    const { last_seq: seq, last_n: n } = head
    const replyTo = send.replyTo === null ? null : idBytes(send.replyTo)
    const root = send.root === null ? null : idBytes(send.root)
    const forward = send.forward === null ? null : JSON.stringify(send.forward)
    const addressee = send.addressee === null ? null : idBytes(send.addressee)
    const what = [content, meta, mentionsText(mentions), Number(mentionAll), addressee, replyTo, root, forward] as const
    const { lastInsertRowid } = this.#sql.message.run(idBytes(send.id), room, seq, n, sender, send.cid, send.digest, ...what, seq, at)
    this.#sql.event.run(room, seq, sender, n, at)
    if (root !== null) this.#sql.reply.run(n, at, seq, room, root)
    for (const { number } of mentions) this.#sql.mention.run(room, n, number)
    if (mentionAll) this.#sql.mention.run(room, n, null)
    head.markers.set(sender, n)
    events.push(createdRow(send, seq, n))
    return { status: 'stored', number: Number(lastInsertRowid), seq, n, events, userEvents }
  }

  #appendOrJoin(head: Head, send: SendIntent): SendOutcome | Promise<SendOutcome> {
    return send.join === null ? this.#append(head, send, { events: [], userEvents: [] }) : this.#joinAndAppend(head, send, send.join)
  }

  async #appendInTurn(head: Head, send: SendIntent): Promise<SendOutcome> {
    const left = await waitOf(this.#tx, send)
    if (left > 0) return { status: 'slow_mode', retry_ms: left }
    const outcome = await this.#appendOrJoin(head, send)
    if (outcome.status === 'stored') await beginWait(this.#tx, send)
    return outcome
  }

  /** A first post in a room anybody may join. Rare, so the join is the ordinary one. */
  async #joinAndAppend(head: Head, send: SendIntent, role: NonNullable<SendIntent['join']>): Promise<SendOutcome> {
    const { room: number, sender: user, at } = send
    if ((await findMember(this.#tx, number, user)) !== undefined) return this.#append(head, send, { events: [], userEvents: [] })
    this.putDown()
    const [room] = await lockRooms(this.#tx, [number])
    if (room === undefined) throw new Error(`no room ${number}`)
    if (room.members >= limits.room_members) return { status: 'room_full' }
    if (await hasTooManyRooms(this.#tx, user, limits.user_rooms)) return { status: 'too_many_rooms' }
    const { events, userEvents } = await join(this.#tx, room, { user, by: null, role, at })
    await saveRoom(this.#tx, room)
    this.forget(number)
    return this.#append(this.#head(number), send, { events, userEvents })
  }
}

function noUser(user: number): never {
  throw new Error(`no user ${user}`)
}

function statements(db: Database) {
  const prepare = <Row>(sql: string) => db.prepare<Row, SQLQueryBindings[]>(sql)
  return {
    head: prepare<Pick<Head, 'last_seq' | 'last_n' | 'strict_acl'>>('select last_seq, last_n, strict_acl from rooms where number = ?'),
    byCid: prepare<Selectable<MessagesTable>>('select * from messages where room = ? and sender = ? and cid = ?'),
    message: prepare(`
      insert into messages (id, room, seq, n, sender, cid, digest, kind, content, meta, mentions, mention_all, addressee, reply_to, root, forward,
        rev, created_at)
      values (?, ?, ?, ?, ?, ?, ?, 'text', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    reply: prepare('update messages set replies = replies + 1, last_reply_n = ?, last_reply_at = ?, rev = ? where room = ? and id = ?'),
    event: prepare(`insert into events (room, seq, type, actor, ref, at) values (?, ?, 'message.created', ?, ?, ?)`),
    mention: prepare('insert into mentions (room, n, user) values (?, ?, ?)'),
    mark: prepare('update members set read_n = ? where room = ? and user = ?'),
    advanceRoom: prepare('update rooms set last_seq = ?, last_n = ? where number = ?'),
    marker: prepare<{ read_n: number; from_n: number; last_n: number; floor_n: number }>(`
      select m.read_n, m.from_n, r.last_n, r.floor_n from members m join rooms r on r.number = m.room where m.room = ? and m.user = ?`),
    named: prepare('insert into reads (room, n, user, at) values (?, ?, ?, ?) on conflict do nothing'),
    advanceUser: prepare<{ useq: number }>('update users set last_useq = last_useq + 1 where number = ? returning last_useq as useq'),
    fact: prepare(`
      insert into user_events (user, useq, key, type, room, position, at) values (?, ?, ?, 'room.read', ?, ?, ?)
      on conflict (user, key) do update set useq = excluded.useq, position = excluded.position, at = excluded.at`),
  }
}
