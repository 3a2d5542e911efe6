import { describe, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { KeySet, KeysUnavailable, parseKeySet } from '../../src/auth/key-set.ts'
import { issuerKey } from '../harness/issuer.ts'

const one = (await issuerKey('ES256', 'one')).jwk
const two = (await issuerKey('EdDSA', 'two')).jwk
const textOf = (...keys: unknown[]) => JSON.stringify({ keys })

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  )

/** A key set over answers of the test's own, at the test's own time. */
function openSet() {
  const state = { now: 0, asked: 0, answer: (): Promise<string> => Promise.resolve(textOf(one)), failures: 0 }
  const set = new KeySet({
    load: () => {
      state.asked += 1
      return state.answer()
    },
    now: () => state.now,
    failed: () => (state.failures += 1),
  })
  const kids = async (kid: string | null) => (await set.find(kid)).map((key) => key.kid)
  return { state, kids }
}

describe('which keys are usable, and for what', () => {
  const algorithms = async (jwk: unknown) => (await parseKeySet(textOf(jwk))).map((key) => key.algorithms)

  test('each key is pinned to the algorithms of its kind', async () => {
    const rsa = (await issuerKey('RS512', 'r')).jwk
    const { alg: _, ...bare } = (await issuerKey('RS256', 'b')).jwk
    expect(await algorithms(one)).toEqual([['ES256']])
    expect(await algorithms(two)).toEqual([['EdDSA', 'Ed25519']])
    expect(await algorithms(rsa)).toEqual([['RS512']])
    expect(await algorithms(bare)).toEqual([['RS256']])
  })

  test('symmetric keys, keys for other uses and keys that contradict themselves are passed over', async () => {
    const others: unknown[] = [
      { kty: 'oct', k: Buffer.from('a secret that anybody can read, 32 bytes').toString('base64url'), alg: 'HS256', kid: 'h' },
      { ...one, use: 'enc' },
      { ...one, key_ops: ['sign'] },
      { ...one, alg: 'RS256' },
      { ...one, alg: 'HS256' },
      { ...one, alg: 'none' },
      { ...one, crv: 'P-384' },
      { ...one, crv: '__proto__' },
      { ...one, x: 'nothing' },
      { ...two, crv: 'X25519' },
      { kty: 'RSA', n: 'AQAB', e: 7 },
      null,
      'key',
      [],
    ]
    for (const other of others) expect([other, await algorithms(other)]).toEqual([other, []])
  })

  test('a private key in a set is used for checking only', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const [key] = await parseKeySet(textOf(await exportJWK(privateKey)))
    expect(key?.key).toMatchObject({ type: 'public', usages: ['verify'] })
  })

  test('what is no key set is refused whole', async () => {
    for (const text of ['', '[]', '{}', '{"keys":{}}', 'null', '"keys"']) expect(await failureOf(parseKeySet(text))).toBeInstanceOf(Error)
    expect(await parseKeySet(textOf(...Array.from<JWK>({ length: 200 }).fill(two)))).toHaveLength(100)
  })
})

describe('a key set that changes', () => {
  test('is asked for once however many come at the same time, and then believed', async () => {
    const { state, kids } = openSet()
    expect(await Promise.all(Array.from({ length: 50 }, () => kids('one')))).toEqual(Array.from({ length: 50 }, () => ['one']))
    state.now = 600_000
    expect(await kids('one')).toEqual(['one'])
    expect(state.asked).toBe(1)
  })

  test('an unknown key is asked for at most once a minute', async () => {
    const { state, kids } = openSet()
    await kids('one')
    state.answer = () => Promise.resolve(textOf(one, two))
    for (let second = 1; second < 60; second += 1) {
      state.now = second * 1000
      expect(await kids('two')).toEqual([])
    }
    expect(state.asked).toBe(1)
    state.now = 60_000
    expect(await Promise.all([kids('two'), kids('three'), kids('four')])).toEqual([['two'], [], []])
    expect(state.asked).toBe(2)
    for (let i = 0; i < 100; i += 1) await kids(`guess ${i}`)
    expect(state.asked).toBe(2)
  })

  test('a key that left the set is refused from the next look on', async () => {
    const { state, kids } = openSet()
    await kids('one')
    state.answer = () => Promise.resolve(textOf(two))
    state.now = 600_001
    // The look goes on behind the answer.
    await kids('one')
    await Promise.resolve()
    await kids('two')
    expect([await kids('one'), await kids('two')]).toEqual([[], ['two']])
  })

  test('while its source is silent the last one is believed, for a day', async () => {
    const { state, kids } = openSet()
    await kids('one')
    state.answer = () => Promise.reject(new Error('no answer'))
    state.now = 24 * 3_600_000
    expect(await kids('one')).toEqual(['one'])
    state.now += 120_000
    expect(await failureOf(kids('one'))).toBeInstanceOf(KeysUnavailable)
  })

  test('without any answer nothing is said of a token, and the source is asked every five seconds at most', async () => {
    const { state, kids } = openSet()
    state.answer = () => Promise.reject(new Error('no answer'))
    for (let i = 0; i < 20; i += 1) await kids('one').catch((error: unknown) => expect(error).toBeInstanceOf(KeysUnavailable))
    expect([state.asked, state.failures]).toEqual([1, 1])
    state.answer = () => Promise.resolve(textOf(one))
    state.now = 5_000
    expect(await kids('one')).toEqual(['one'])
  })

  test('a token that names no key is clear only where there is one', async () => {
    const { state, kids } = openSet()
    expect(await kids(null)).toEqual(['one'])
    state.answer = () => Promise.resolve(textOf(one, two))
    state.now = 700_000
    await kids(null)
    await kids('two')
    expect(await kids(null)).toEqual([])
  })
})
