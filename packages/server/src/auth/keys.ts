import { hkdfSync } from 'node:crypto'
import { chmodSync, closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const minBytes = 32

export type MasterSource = {
  /** Where the secret is kept (DATA_DIR/secret). It and its directory are made at the first run, for their owner alone. */
  path: string
  /** The configured secret; where given, the file is neither read nor made. */
  secretKey?: string | null
  /** A fresh secret, used where there is none yet: at least 32 bytes of text. */
  fresh: string
  /** Told where there was none and `fresh` was kept. */
  made?: () => void
}

/** The secret cannot be used; the text is for whoever keeps it. */
export class SecretRefused extends Error {
  override readonly name = 'Refused'
}

/** The secret that every key of this installation is derived from. */
export function loadMaster({ path, secretKey, fresh, made }: MasterSource): Uint8Array {
  if (secretKey) return longEnough(secretKey, 'SECRET_KEY', `Use a long random one, for instance this line:\nSECRET_KEY=${fresh}`)
  const kept = read(path)
  const text = kept ?? make(path, fresh)
  if (kept === null) made?.()
  return longEnough(text.trim(), path, 'Restore the file, or delete it to begin with a new secret (which signs everybody out)')
}

/** A key for one purpose. Keys of different purposes tell nothing of each other or of the master. */
export function deriveKey(master: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', master, new Uint8Array(0), `parlance ${purpose}`, 32))
}

function longEnough(secret: string, source: string, advice: string): Uint8Array {
  const bytes = new TextEncoder().encode(secret)
  if (bytes.length >= minBytes) return bytes
  throw new SecretRefused(`${source} holds ${bytes.length} bytes; a secret needs at least ${minBytes}. ${advice}`)
}

function read(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8')
    hideFromOthers(path)
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function hideFromOthers(path: string): void {
  try {
    chmodSync(path, 0o600)
  } catch {
    // A secret mounted read-only is its mounter's to protect.
  }
}

/** Written aside, synced, then linked: whoever comes second finds a whole secret and uses that, and a power cut cannot leave half of one. */
function make(path: string, fresh: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const aside = `${path}.${process.pid}.new`
  const file = openSync(aside, 'w', 0o600)
  try {
    writeSync(file, `${fresh}\n`)
    fsyncSync(file)
    linkSync(aside, path)
    syncDirectory(dirname(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(file)
    rmSync(aside, { force: true })
  }
  return readFileSync(path, 'utf8')
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
