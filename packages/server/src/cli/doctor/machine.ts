import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import type { Finding } from '../../boot/checkup.ts'
import type { Config } from '../../config.ts'

const mebibyte = 1024 * 1024
const minFreeBytes = 512 * mebibyte
const minOpenFiles = 4096
const slowFsyncMs = 20
const fsyncs = 15

/** Kinds of file systems whose locks or whose write-ahead logs do not work between machines, by their number in statfs(2). */
const networkFileSystems = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x01021997, '9p'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x65735546, 'FUSE'],
])

const memoryFileSystems = new Set([0x01021994, 0x858458f6])

/** The directory: may it be written, is there room, and does the disk keep what it is given. */
export function examineDirectory({ dataDir }: Config): Finding[] {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    accessSync(dataDir, constants.W_OK | constants.X_OK)
  } catch {
    return [{ level: 'fault', text: `DATA_DIR ${dataDir} cannot be written` }]
  }
  const { bavail, bsize, type } = statfsSync(dataDir)
  const free = bavail * bsize
  const database = statSync(join(dataDir, 'parlance.db'), { throwIfNoEntry: false })?.size ?? 0
  const room = `${Math.round(free / mebibyte).toLocaleString('en')} MiB free`
  const found: Finding[] = [{ level: free < minFreeBytes ? 'warning' : 'ok', text: `DATA_DIR ${dataDir} is writable, ${room}` }]
  const add = (level: Finding['level'], text: string) => found.push({ level, text })
  if (free < database) add('warning', `a backup beside the database needs ${Math.round(database / mebibyte)} MiB, and there is less`)
  const network = networkFileSystems.get(type)
  if (network !== undefined) add('fault', `DATA_DIR is on a network file system (${network}): locks and the database need a local disk`)
  if (memoryFileSystems.has(type)) add('warning', 'DATA_DIR is in memory: everything is gone with the power')
  if ((statSync(dataDir).mode & 0o077) !== 0) add('warning', `other users of this machine can look into ${dataDir}; chmod 700 it`)
  found.push(...ownersOf(dataDir), examineDisk(dataDir))
  return found
}

/** Files that a command run as root has left behind keep the server from starting. */
function ownersOf(dataDir: string): Finding[] {
  const owner = statSync(dataDir).uid
  const strange = ['parlance.db', 'parlance.db-wal', 'parlance.db-shm', 'secret', 'lock', 'lock.txt'].filter((name) => {
    const found = statSync(join(dataDir, name), { throwIfNoEntry: false })
    return found !== undefined && found.uid !== owner
  })
  return strange.length === 0
    ? []
    : [{ level: 'warning', text: `${strange.join(', ')} in DATA_DIR belong to another user than the directory` }]
}

/** How long the disk takes to keep something: what a lone send waits for. */
function examineDisk(dataDir: string): Finding {
  const path = join(dataDir, `doctor-${process.pid}`)
  try {
    return measureDisk(path)
  } catch (error) {
    return { level: 'fault', text: `the disk keeps nothing (${error instanceof Error ? error.message : String(error)})` }
  } finally {
    rmSync(path, { force: true })
  }
}

function measureDisk(path: string): Finding {
  const file = openSync(path, 'w', 0o600)
  try {
    const times = Array.from({ length: fsyncs }, () => {
      const began = systemClock.monotonic()
      writeSync(file, Buffer.alloc(4096, 1))
      fsyncSync(file)
      return systemClock.monotonic() - began
    }).sort((a, b) => a - b)
    const median = times[fsyncs >> 1] ?? 0
    const text = `the disk keeps 4 KiB in ${median.toFixed(2)} ms (median of ${fsyncs})`
    return median > slowFsyncMs ? { level: 'warning', text: `${text}: a lone message takes at least as long` } : { level: 'ok', text }
  } finally {
    closeSync(file)
  }
}

/** Of the running server, or of this shell. */
export function examineLimits(pid: number | null): Finding[] {
  const path = `/proc/${pid ?? 'self'}/limits`
  if (!existsSync(path)) return []
  const [, soft = ''] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync(path, 'utf8')) ?? []
  const whose = pid === null ? 'a process started from here' : 'the running server'
  const text = `${whose} may open ${soft} files, one for each connection`
  return [{ level: soft !== 'unlimited' && Number(soft) < minOpenFiles ? 'warning' : 'ok', text }]
}

/** The keys: where they come from, and who else can read them. */
export function examineSecrets({ dataDir, secretKey }: Config): Finding[] {
  const path = join(dataDir, 'secret')
  const file = existsSync(path) ? readFileSync(path, 'utf8').trim() : null
  if (secretKey !== null) {
    const found: Finding[] = [{ level: 'ok', text: 'keys come from SECRET_KEY' }]
    if (new Set(secretKey).size < 8 || /insecure|change[-_ ]?me|secret[-_ ]?key|example/i.test(secretKey))
      found.push({ level: 'fault', text: 'SECRET_KEY looks like a placeholder: whoever guesses it signs in as anybody' })
    if (file !== null && file !== secretKey)
      found.push({
        level: 'warning',
        text: `${path} holds another secret than SECRET_KEY, which wins: logins made with the other one are void`,
      })
    return found
  }
  if (file === null) return [{ level: 'ok', text: 'keys are made at the first start' }]
  if ((statSync(path).mode & 0o077) !== 0) return [{ level: 'fault', text: `other users of this machine can read ${path}; chmod 600 it` }]
  if (Buffer.byteLength(file) < 32) return [{ level: 'fault', text: `${path} is too short to derive keys from` }]
  return [{ level: 'ok', text: `keys come from ${path}` }]
}
