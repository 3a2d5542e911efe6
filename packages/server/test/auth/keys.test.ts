import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey, loadMaster } from '../../src/auth/keys.ts'
import { randomToken, systemRandom } from '../../src/base/random.ts'

const dir = mkdtempSync(join(tmpdir(), 'parlance-keys-'))
afterAll(() => rmSync(dir, { recursive: true }))

const fresh = () => randomToken(systemRandom)
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('the secret of an installation', () => {
  test('is made at the first run for its owner alone, and found again', () => {
    const path = join(dir, 'first', 'secret')
    const master = loadMaster({ path, fresh: fresh() })
    expect(master.length).toBeGreaterThanOrEqual(32)
    expect(loadMaster({ path, fresh: fresh() })).toEqual(master)
    expect([mode(path), mode(join(dir, 'first'))]).toEqual(['600', '700'])
    expect(readdirSync(join(dir, 'first'))).toEqual(['secret'])
  })

  test('is hidden from others again where somebody opened it', () => {
    const path = join(dir, 'open', 'secret')
    loadMaster({ path, fresh: fresh() })
    chmodSync(path, 0o644)
    loadMaster({ path, fresh: fresh() })
    expect(mode(path)).toBe('600')
  })

  test('is one, also when several processes begin at once', async () => {
    const path = join(dir, 'race', 'secret')
    const module = join(import.meta.dir, '../../src/auth/keys.ts')
    const script = `const { loadMaster } = await import(${JSON.stringify(module)})
      process.stdout.write(loadMaster({ path: ${JSON.stringify(path)}, fresh: crypto.randomUUID() }).toHex())`
    const runs = Array.from({ length: 6 }, () => Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' }).stdout.text())
    const secrets = await Promise.all(runs)
    expect(secrets[0]).toHaveLength(72)
    expect(new Set(secrets).size).toBe(1)
  })

  test('may be configured, and then no file is made', () => {
    const path = join(dir, 'none', 'secret')
    const secretKey = 'k'.repeat(32)
    expect(loadMaster({ path, secretKey, fresh: fresh() })).toEqual(new TextEncoder().encode(secretKey))
    expect(() => statSync(path)).toThrow('ENOENT')
  })

  test('is refused where it is too short, with a line to paste that would do', () => {
    const path = join(dir, 'short', 'secret')
    const attempt = () => loadMaster({ path, secretKey: 'django-insecure', fresh: fresh() })
    expect(attempt).toThrow('SECRET_KEY holds 15 bytes; a secret needs at least 32')
    expect(attempt).toThrow(/\nSECRET_KEY=[\w-]{43}$/)
  })

  test('says where it is a new one', () => {
    const path = join(dir, 'new')
    let made = 0
    for (let start = 0; start < 2; start += 1) loadMaster({ path, fresh: fresh(), made: () => (made += 1) })
    expect(made).toBe(1)
  })

  test('is not replaced where its file was damaged', () => {
    const path = join(dir, 'damaged')
    writeFileSync(path, 'half')
    expect(() => loadMaster({ path, fresh: fresh() })).toThrow('holds 4 bytes')
    expect(readFileSync(path, 'utf8')).toBe('half')
  })

  test('gives every purpose a key of its own', () => {
    const master = new Uint8Array(32).fill(1)
    expect(deriveKey(master, 'a')).toHaveLength(32)
    expect(deriveKey(master, 'a')).toEqual(deriveKey(master, 'a'))
    expect(deriveKey(master, 'a')).not.toEqual(deriveKey(master, 'b'))
    expect(deriveKey(master, 'a')).not.toEqual(deriveKey(new Uint8Array(32).fill(2), 'a'))
  })
})
