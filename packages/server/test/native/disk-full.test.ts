import { afterAll, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parlance } from '../harness/process.ts'
import { connect } from '../harness/socket.ts'
import { openWorld } from '../harness/world.ts'

const mountPoint = mkdtempSync(join(tmpdir(), 'parlance-small-disk-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mountPoint]).status === 0
afterAll(() => {
  if (mounted) spawnSync('umount', ['--lazy', mountPoint])
  rmSync(mountPoint, { recursive: true, force: true })
})

if (!mounted) {
  if (Bun.env.CI === 'true') throw new Error('a small disk cannot be mounted here')
  console.warn('SKIPPED: no small disk can be mounted (not root), so a full disk is not tested')
}

/** Takes what is left of the disk, to the last page. */
function fill(path: string): void {
  for (const size of [1024 * 1024, 4096, 1]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}

test.skipIf(!mounted)(
  'on a full disk sends are refused, reads and resume go on, and space brings sends back without a restart',
  async () => {
    await using world = await openWorld({ dataDir: join(mountPoint, 'data') })
    const ada = await world.person('ada')
    const room = await world.publicRoom(ada)
    await using before = await connect(world.server.url)
    const { ready } = await before.hello(ada.token)
    const acked = [(await world.send(ada, room, 'before')).id]
    const { seq } = await world.rest.call('rooms.get', { room }, ada)

    const ballast = join(mountPoint, 'ballast')
    fill(ballast)
    const content = 'y'.repeat(4000)
    let refused = 0
    for (let i = 0; i < 2000 && refused < 20; i++) {
      const { result, status, problem } = await world.rest.ask('messages.send', { room, content, cid: `full${i}` }, ada)
      if (result !== null) acked.push(result.message.id)
      else {
        refused++
        expect([status, problem?.code]).toEqual([507, 'storage_full'])
      }
    }
    expect(refused).toBe(20)
    expect((await world.rest.call('messages.list', { room, limit: 1 }, ada)).items).toHaveLength(1)
    await using resumed = await connect(world.server.url)
    expect((await resumed.hello(ada.token, { epoch: ready.epoch, useq: ready.useq, rooms: { [room]: seq } })).ready.mode).toBe('resumed')

    rmSync(ballast)
    acked.push((await world.send(ada, room, 'after')).id)
    const stored: string[] = []
    for (let after = 0; ; ) {
      const { items } = await world.rest.call('messages.list', { room, after, limit: 200 }, ada)
      if (items.length === 0) break
      stored.push(...items.map(({ id }) => id))
      after = items.at(-1)?.n ?? after
    }
    expect(stored).toEqual(acked)
  },
)

test.skipIf(!mounted)(
  'a start for which there is no room says so, and doctor finds it',
  async () => {
    const ballast = join(mountPoint, 'ballast')
    for (const free of [0, 200_000]) {
      fill(ballast)
      truncateSync(ballast, statSync(ballast).size - free)
      const dataDir = join(mountPoint, `late-${free}`)
      const server = parlance(['serve'], { PORT: '0', DATA_DIR: dataDir })
      expect(await server.exited).toBe(1)
      expect(server.text()).toMatch(/^A file of the database cannot be used \(database or disk is full\).*\n$/)
      if (free > 0) continue
      const doctor = parlance(['doctor'], { PORT: '0', DATA_DIR: dataDir })
      expect(await doctor.exited).toBe(1)
      expect(doctor.text()).toContain('FAULT   the disk keeps nothing (ENOSPC')
    }
  },
  60_000,
)
