import { describe, expect, test } from 'bun:test'
import { jwtVerify, SignJWT } from 'jose'
import { deriveKey } from '../../src/auth/keys.ts'
import { createTokens } from '../../src/auth/tokens.ts'
import { systemRandom } from '../../src/base/random.ts'

const master = new TextEncoder().encode('a master secret of more than 32 bytes')
const tokens = createTokens({ master, random: systemRandom.bytes })
const now = Date.UTC(2026, 0, 1)
const lifetime = { now, seconds: 900 }
const grant = { sub: '0197b2c8-0000-7000-8000-000000000001', uno: 7, sid: '0197b2c8-0000-7000-8000-000000000002', username: 'alice' }
const older = { token_type: 'access', user_id: 7, dia: 'a-door', sid: grant.sid } as const
const accessKey = deriveKey(master, 'access token')

type Header = { alg: string; typ?: string }

const forge = (payload: object, header: Header = { alg: 'HS256', typ: 'at+jwt' }, key = accessKey) =>
  new SignJWT({ ...payload }).setProtectedHeader(header).sign(key)

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('an access token', () => {
  test('carries who and which session, until it expires', async () => {
    const token = await tokens.signAccess(grant, lifetime)
    const claims = { iss: 'parlance', ...grant, iat: now / 1000, exp: now / 1000 + 900 } as const
    expect(tokens.verifyAccess(token, now)).toEqual({ state: 'valid', claims })
    expect(tokens.verifyAccess(token, now + 899_999)).toEqual({ state: 'valid', claims })
    expect(tokens.verifyAccess(token, now + 900_000)).toEqual({ state: 'expired', claims })
  })

  test('is a JWT that another library accepts, and the reverse', async () => {
    const token = await tokens.signAccess(grant, lifetime)
    const options = { algorithms: ['HS256'], typ: 'at+jwt', issuer: 'parlance', currentDate: new Date(now) }
    expect((await jwtVerify(token, accessKey, options)).payload).toMatchObject(grant)
    const theirs = await forge({ iss: 'parlance', ...grant, iat: now / 1000, exp: now / 1000 + 1 })
    expect(tokens.verifyAccess(theirs, now).state).toBe('valid')
  })

  test('is refused with any single character changed', async () => {
    const token = await tokens.signAccess(grant, lifetime)
    for (let i = 0; i < token.length; i += 1) {
      const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`
      expect(tokens.verifyAccess(changed, now).state).toBe('invalid')
    }
  })

  test('has one spelling', async () => {
    const token = await tokens.signAccess(grant, lifetime)
    for (const other of [`${token}=`, `${token} `, ` ${token}`, `${token}.`, `${token}.x`, `Bearer ${token}`, token.replaceAll('_', '/')]) {
      if (other !== token) expect(tokens.verifyAccess(other, now).state).toBe('invalid')
    }
  })

  test('is refused where it names no, another or a different algorithm', async () => {
    const claims = { iss: 'parlance', ...grant, iat: now / 1000, exp: now / 1000 + 900 }
    const none = base64({ alg: 'none', typ: 'at+jwt' })
    expect(tokens.verifyAccess(`${none}.${base64(claims)}.`, now).state).toBe('invalid')
    const longKey = new Uint8Array(64).fill(1)
    expect(tokens.verifyAccess(await forge(claims, { alg: 'HS512', typ: 'at+jwt' }, longKey), now).state).toBe('invalid')
    // Rightly signed by HS256, but claiming to be something else.
    for (const header of [
      { alg: 'none', typ: 'at+jwt' },
      { alg: 'HS512', typ: 'at+jwt' },
      { typ: 'at+jwt' },
      { alg: 'HS256' },
      null,
      1,
      [],
    ]) {
      const content = `${base64(header)}.${base64(claims)}`
      const signature = new Bun.CryptoHasher('sha256', accessKey).update(content).digest('base64url')
      expect(tokens.verifyAccess(`${content}.${signature}`, now).state).toBe('invalid')
    }
  })

  test('of another installation, issuer, type or with missing claims is refused', async () => {
    const claims = { iss: 'parlance', ...grant, iat: now / 1000, exp: now / 1000 + 900 }
    const stranger = createTokens({ master: new Uint8Array(32).fill(9), random: systemRandom.bytes })
    expect(tokens.verifyAccess(await stranger.signAccess(grant, lifetime), now).state).toBe('invalid')
    expect(tokens.verifyAccess(await forge({ ...claims, iss: 'other' }), now).state).toBe('invalid')
    expect(tokens.verifyAccess(await forge(claims, { alg: 'HS256', typ: 'JWT' }), now).state).toBe('invalid')
    expect(tokens.verifyAccess(await forge(claims, { alg: 'HS256', typ: 'at+jwt' }, master), now).state).toBe('invalid')
    for (const missing of ['sub', 'uno', 'sid', 'username', 'iat', 'exp'] as const) {
      expect(tokens.verifyAccess(await forge({ ...claims, [missing]: undefined }), now).state).toBe('invalid')
    }
  })

  test('may be any garbage, and the answer is a verdict', () => {
    const garbage = [
      '',
      '.',
      '..',
      '...',
      'a.b.c',
      'null.null.null',
      '\0.\0.\0',
      '😀.😀.😀',
      'a'.repeat(1_000_000),
      `${'a.'.repeat(3_000)}b`,
    ]
    for (const text of garbage) expect(tokens.verifyAccess(text, now)).toEqual({ state: 'invalid' })
  })
})

describe('a dialect token', () => {
  test("has SimpleJWT's claims and header, and tells its door even when it is expired", async () => {
    const token = await tokens.signDialect({ ...older, username: 'alice' }, { now, seconds: 300 })
    expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' })
    const verdict = tokens.verifyDialect(token, now + 300_000)
    expect(verdict).toMatchObject({ state: 'expired', claims: { ...older, username: 'alice', iat: now / 1000, exp: now / 1000 + 300 } })
    expect(verdict.state !== 'invalid' && verdict.claims.jti).toMatch(/^[0-9a-f]{32}$/)
  })

  test('never passes for a native one, nor the reverse', async () => {
    const native = await tokens.signAccess(grant, lifetime)
    const dialect = await tokens.signDialect(older, lifetime)
    expect(tokens.verifyDialect(native, now).state).toBe('invalid')
    expect(tokens.verifyAccess(dialect, now).state).toBe('invalid')
    // Not even one that looks the part: the keys differ.
    const both = { iss: 'parlance', ...grant, ...older, jti: 'x', iat: now / 1000, exp: now / 1000 + 900 }
    const dialectKey = deriveKey(master, 'dialect token')
    expect(tokens.verifyAccess(await forge(both, { alg: 'HS256', typ: 'at+jwt' }, dialectKey), now).state).toBe('invalid')
    expect(tokens.verifyDialect(await forge(both, { alg: 'HS256', typ: 'JWT' }), now).state).toBe('invalid')
  })

  test('without our session, as an old Django mints them, is refused', async () => {
    const claims = { ...older, jti: 'ab'.repeat(16), iat: now / 1000, exp: now / 1000 + 900 }
    const header = { alg: 'HS256', typ: 'JWT' }
    const key = deriveKey(master, 'dialect token')
    expect(tokens.verifyDialect(await forge(claims, header, key), now).state).toBe('valid')
    expect(tokens.verifyDialect(await forge({ ...claims, sid: undefined }, header, key), now).state).toBe('invalid')
    expect(tokens.verifyDialect(await forge(claims, header, master), now).state).toBe('invalid')
  })
})

describe('a refresh token', () => {
  test('is unguessable, and stored only as a digest', () => {
    const made = Array.from({ length: 1_000 }, () => tokens.newRefresh())
    expect(new Set(made).size).toBe(1_000)
    const digest = tokens.refreshDigest(made[0] ?? '')
    expect(digest).toHaveLength(32)
    expect(tokens.refreshDigest(made[0] ?? '')).toEqual(digest)
    expect(tokens.refreshDigest(made[1] ?? '')).not.toEqual(digest)
  })

  test('has one successor, the same whenever asked, and known to this installation alone', () => {
    const first = tokens.newRefresh()
    const second = tokens.refreshAfter(first)
    expect(tokens.refreshAfter(first)).toBe(second)
    expect(tokens.refreshAfter(second)).not.toBe(second)
    expect(tokens.refreshDigest(second)).toHaveLength(32)
    expect(createTokens({ master: new Uint8Array(32), random: systemRandom.bytes }).refreshAfter(first)).not.toBe(second)
  })

  test('has one form; anything else is not even looked up', () => {
    for (const text of ['', 'x', 'a'.repeat(44), `${'a'.repeat(42)}=`, 'a'.repeat(1_000_000)]) expect(tokens.refreshDigest(text)).toBeNull()
  })
})
