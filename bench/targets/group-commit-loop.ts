// The anchor of durable sends: nothing but a loop that commits full batches of the rows a send writes (message, event, head of the room,
// marker of the sender) with FULL durability, into a file the product itself has made: its migrations, its page size, its indexes.
// It looks nothing up, checks nothing and answers nobody. Arguments: directory, rooms (one sender each), seconds.
import { Database } from 'bun:sqlite'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Policy } from '@parlance/protocol'
import type { Outcome } from '../../packages/server/src/store/drivers/driver.ts'
import { SqliteDriver } from '../../packages/server/src/store/drivers/sqlite.ts'
import { bounds } from '../../packages/server/src/store/queue/bounds.ts'

/** As many as the product's queue takes at once. */
const batch = bounds.batchIntents
const policy: Policy = {
  read: 'members',
  join: 'nobody',
  post: 'members',
  add: 'admins',
  remove: 'admins',
  manage: 'owner',
  history: 'open',
  listed: 'members',
}
const content = '0123456789012345678901 and a bit of text'

type Place = { room: number; sender: number; seq: number; n: number }

const written = (outcome: Outcome | undefined) => {
  if (outcome?.kind === 'write' && 'status' in outcome.outcome && outcome.outcome.status === 'created') return outcome.outcome
  throw new Error(`the product's own write failed: ${JSON.stringify(outcome)}`)
}

/** A file made by the product, with so many rooms of one member. */
async function makeFile(path: string, rooms: number): Promise<Place[]> {
  const driver = new SqliteDriver(path)
  await driver.migrate('bench')
  const [at, places] = [Date.now(), [] as Place[]]
  const names = { email: '', owned_email: null, password: null, first_name: '', last_name: '', admin: false }
  for (let index = 0; index < rooms; index++) {
    const name = `bench-${index}`
    const user = { id: Bun.randomUUIDv7(), username: name, name_key: name, ...names, created_at: at }
    const made = written((await driver.commit([{ kind: 'write', name: 'users.create', input: { user, session: null } }]))[0])
    const creator = 'user' in made && typeof made.user === 'object' ? made.user.number : 0
    const what = { kind: 'group' as const, name: null, title: name, description: null, meta: null, policy, members: [], userRooms: 10 }
    const room = { id: Bun.randomUUIDv7(), ...what, creator, creatorRole: 'owner' as const, created_at: at }
    const input = { room, cid: null, digest: new Uint8Array(8) }
    const opened = written((await driver.commit([{ kind: 'write', name: 'rooms.create', input }]))[0])
    if ('room' in opened) places.push({ room: opened.room.number, sender: creator, seq: opened.room.last_seq, n: opened.room.last_n })
  }
  await driver.close()
  return places
}

/** Heads and markers stand once in a batch, however many of its messages moved them: the least there is to write. */
function prepareBatch(db: Database, places: Place[]): () => void {
  const message = db.prepare(`
    insert into messages (id, room, seq, n, sender, cid, digest, kind, content, mention_all, rev, created_at)
    values (?, ?, ?, ?, ?, ?, ?, 'text', ?, 0, ?, ?)`)
  const event = db.prepare(`insert into events (room, seq, type, actor, ref, at) values (?, ?, 'message.created', ?, ?, ?)`)
  const head = db.prepare('update rooms set last_seq = ?, last_n = ? where number = ?')
  const marker = db.prepare('update members set read_n = ? where room = ? and user = ?')
  const digest = crypto.getRandomValues(new Uint8Array(8))
  let turn = 0
  return () => {
    const at = Date.now()
    const moved = new Set<Place>()
    for (let index = 0; index < batch; index++) {
      const place = places[turn++ % places.length] as Place
      place.seq++
      place.n++
      const { room, sender, seq, n } = place
      message.run(Bun.randomUUIDv7('buffer'), room, seq, n, sender, `run1-${turn}`, digest, content, seq, at)
      event.run(room, seq, sender, n, at)
      moved.add(place)
    }
    for (const { room, sender, seq, n } of moved) {
      head.run(seq, n, room)
      marker.run(n, room, sender)
    }
  }
}

async function main([dir = '', rooms = '', seconds = '']: string[]) {
  const path = join(mkdtempSync(join(dir, 'loop-')), 'loop.db')
  const places = await makeFile(path, Number(rooms))
  const db = new Database(path, { strict: true })
  db.run('pragma journal_mode = wal')
  db.run('pragma synchronous = full')
  db.run('pragma cache_size = -65536')
  const commit = db.transaction(prepareBatch(db, places)).immediate
  const warm = performance.now() + 1000
  while (performance.now() < warm) commit()
  const started = performance.now()
  let batches = 0
  while (performance.now() < started + Number(seconds) * 1000) {
    commit()
    batches++
  }
  const sends_per_s = (batches * batch * 1000) / (performance.now() - started)
  db.close()
  console.log(JSON.stringify({ sends_per_s, batch }))
}

await main(process.argv.slice(2))
