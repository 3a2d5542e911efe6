import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportPKCS8, importPKCS8, type JWTPayload, SignJWT } from 'jose'
import { deriveKey } from '../../../src/auth/keys.ts'
import { audience, claims, issuerKey, issuerName, type JwksServer, serveJwks } from '../../harness/issuer.ts'
import { createOlderClient } from '../../harness/older-client.ts'
import { openWorld, password, type Person, type World } from '../../harness/world.ts'
import { type Door, doorsOf, refusals } from './doors.ts'
import { type Forgery, token, withoutKey, withOwnKey } from './forgeries.ts'

const keys = { rsa: await issuerKey('RS256', 'rsa'), ec: await issuerKey('ES256', 'ec'), other: await issuerKey('ES256', 'other') }
const symmetric = Buffer.from('a secret that stands in a public set of keys')

let jwks: JwksServer
let world: World
let victim: Person
let mallory: Person
let dialect: { access: string; refresh: string }
let accessKey: Uint8Array
let dialectKey: Uint8Array
let doors: Door[]
beforeAll(async () => {
  const set = [keys.rsa.jwk, keys.ec.jwk, { kty: 'oct', kid: 'shared', alg: 'HS256', k: symmetric.toString('base64url') }]
  jwks = serveJwks(() => [...set, { ...keys.other.jwk, use: 'enc' }])
  const env = { AUTH_ISSUER: issuerName, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: jwks.url, REGISTRATION: 'open' }
  world = await openWorld({ env })
  victim = await world.person('victim')
  mallory = await world.person('mallory')
  const login = { username: victim.username, password }
  dialect = (await createOlderClient(world.server.url).ask('POST', '/django-realtime-chat-api/api/login/', { json: login }))
    .json as typeof dialect
  const master = new TextEncoder().encode(readFileSync(join(world.server.dataDir, 'secret'), 'utf8').trim())
  accessKey = deriveKey(master, 'access token')
  dialectKey = deriveKey(master, 'dialect token')
  doors = doorsOf(world, mallory)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  jwks[Symbol.dispose]()
})

const claimsOf = (text: string) => JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
const seconds = () => Math.floor(Date.now() / 1000)

/** Tries a forgery at every door: none lets it in, and none fails. */
async function refusedEverywhere([what, made]: Forgery, good = ''): Promise<void> {
  const text = typeof made === 'string' ? made : await made()
  for (const door of doors) {
    // Blanks at the end of a header are none of its value.
    if (text.trim() === good && (door.name === 'REST' || door.name === 'an older API')) continue
    const reply = await door.knock(text)
    if (reply !== null)
      expect([what, door.name, reply.passed, refusals.includes(reply.code) || reply.code]).toEqual([what, door.name, false, true])
  }
}

/** With our own keys in hand: what a right signature does not make up for. `change` is made to the victim's claims. */
const ours = (change: Record<string, unknown>, header: Record<string, unknown> = { alg: 'HS256', typ: 'at+jwt' }) =>
  token(header, { ...claimsOf(victim.token), ...change }, accessKey)
const older = (change: Record<string, unknown>) =>
  token({ alg: 'HS256', typ: 'JWT' }, { ...claimsOf(dialect.access), ...change }, dialectKey)
const raw = (text: string) => token({ alg: 'HS256', typ: 'at+jwt' }, text, accessKey)

test('the doors let the good ones in, so that a refusal means something', async () => {
  const good: [string, () => Promise<string> | string][] = [
    ['native', () => mallory.token],
    ['signed by this test', () => token({ alg: 'HS256', typ: 'at+jwt' }, claimsOf(mallory.token), accessKey)],
    ['of the issuer', () => keys.rsa.sign(claims({ sub: 'good' }))],
  ]
  for (const [what, make] of good) {
    for (const door of doors) {
      if (door.name === 'the native refresh' || (door.name.startsWith('a renewal') && what === 'of the issuer')) continue
      expect([what, door.name, (await door.knock(await make()))?.passed]).toEqual([what, door.name, true])
    }
  }
})

test('a token of ours, changed by somebody without the key, is refused at every door', async () => {
  for (const forgery of withoutKey(victim.token)) await refusedEverywhere(forgery, victim.token)
}, 120_000)

test('so is a token of an older API', async () => {
  for (const forgery of withoutKey(dialect.access)) await refusedEverywhere(forgery, dialect.access)
}, 120_000)

test('so is a token of the issuer', async () => {
  const good = await keys.ec.sign(claims({ sub: 'changed' }))
  for (const forgery of withoutKey(good)) await refusedEverywhere(forgery, good)
}, 120_000)

test('a header does not choose the key', async () => {
  for (const forgery of await withOwnKey(victim.token)) await refusedEverywhere(forgery)
}, 60_000)

describe('rightly signed by us, and refused at every door', () => {
  const cases: Record<string, () => Forgery[]> = {
    headers: () => [
      ['another algorithm in the header', ours({}, { alg: 'HS512', typ: 'at+jwt' })],
      ['no algorithm in the header', ours({}, { typ: 'at+jwt' })],
      ['the algorithm in small letters', ours({}, { alg: 'hs256', typ: 'at+jwt' })],
      ['another type', ours({}, { alg: 'HS256', typ: 'JWT' })],
      ['no type', ours({}, { alg: 'HS256' })],
      ['the type in capitals', ours({}, { alg: 'HS256', typ: 'AT+JWT' })],
      ['an extension that must be understood', ours({}, { alg: 'HS256', typ: 'at+jwt', crit: ['exp'] })],
      ['an unencoded payload', ours({}, { alg: 'HS256', typ: 'at+jwt', b64: false, crit: ['b64'] })],
      ['an empty list of extensions', ours({}, { alg: 'HS256', typ: 'at+jwt', crit: [] })],
    ],
    'claims that are wrong or missing': () => [
      ['another issuer', ours({ iss: 'somebody' })],
      ['no issuer', ours({ iss: undefined })],
      ['a list of issuers', ours({ iss: ['parlance'] })],
      ['the issuer in capitals', ours({ iss: 'PARLANCE' })],
      ['no subject', ours({ sub: undefined })],
      ['no name', ours({ username: undefined })],
      ['a number as text', ours({ uno: String(claimsOf(victim.token).uno) })],
      ['a number between two', ours({ uno: 1.5 })],
      ['a number that is too large', raw(JSON.stringify(claimsOf(victim.token)).replace(/"uno":\d+/, '"uno":1e400'))],
    ],
    times: () => [
      ['expired now', ours({ exp: seconds() })],
      ['expired a second ago', ours({ exp: seconds() - 1 })],
      ['expired at the beginning of time', ours({ exp: 0 })],
      ['expired before it', ours({ exp: -1 })],
      ['no end', ours({ exp: undefined })],
      ['an end that is null', ours({ exp: null })],
      ['an end that is text', ours({ exp: String(seconds() + 300) })],
      ['an end that is a date', ours({ exp: new Date(Date.now() + 300_000).toISOString() })],
      ['an end between two seconds', ours({ exp: seconds() + 300.5 })],
      ['an end that is a list', ours({ exp: [seconds() + 300] })],
      ['an end that is true', ours({ exp: true })],
      ['an end that is infinite', raw(JSON.stringify(claimsOf(victim.token)).replace(/"exp":\d+/, '"exp":1e400'))],
      ['a begin that is text', ours({ iat: 'now' })],
    ],
    sessions: () => [
      ['no session', ours({ sid: undefined })],
      ['a session that never was', ours({ sid: '0190f0aa-0000-7000-8000-00000000000a' })],
      ['a session that is no id', ours({ sid: '../sessions' })],
      ['a session that is a list', ours({ sid: [claimsOf(victim.token).sid] })],
      ["somebody else's session", ours({ sid: claimsOf(mallory.token).sid })],
      ["one's own session and somebody else's number", ours({ ...claimsOf(mallory.token), uno: claimsOf(victim.token).uno })],
      ['the session of a command', ours({ sid: `operator:${victim.id}` })],
    ],
    payloads: () => [
      ['a payload that is a list', raw('[]')],
      ['a payload that is text', raw('"sub"')],
      ['a payload that is null', raw('null')],
      ['a payload that is a number', raw('1')],
      ['a payload that is nothing', raw('')],
      ['a payload with something behind it', raw(`${JSON.stringify(claimsOf(victim.token))}{}`)],
      [
        'a payload of prototypes',
        raw(JSON.stringify({ claims: 0 }).replace('"claims":0', `"__proto__":${JSON.stringify(claimsOf(victim.token))}`)),
      ],
      ['deep lists', raw(`${'['.repeat(1_500)}${']'.repeat(1_500)}`)],
      ['more characters than a token has', ours({ padding: 'x'.repeat(5_000) })],
    ],
    'tokens of another kind': () => [
      ['a refresh token', victim.refresh === '' ? 'missing' : `${victim.refresh}x`],
      ["an older API's refresh token", dialect.refresh],
      ["an older API's token of a type of its own", older({ token_type: 'sliding' })],
      ["an older API's token of no type", older({ token_type: undefined })],
      ["an older API's token without our session", older({ sid: undefined })],
      ["an older API's token under a native session of somebody else", older({ sid: claimsOf(mallory.token).sid })],
      ["an older API's token for another number", older({ user_id: claimsOf(mallory.token).uno })],
      ["an older API's token that expired now", older({ exp: seconds() })],
      ["an older API's claims under the native key", token({ alg: 'HS256', typ: 'at+jwt' }, claimsOf(dialect.access), accessKey)],
      ["native claims under an older API's key", token({ alg: 'HS256', typ: 'JWT' }, claimsOf(victim.token), dialectKey)],
      [
        'both kinds of claims at once',
        token({ alg: 'HS256', typ: 'JWT' }, { ...claimsOf(dialect.refresh), ...claimsOf(victim.token) }, dialectKey),
      ],
    ],
  }
  for (const [group, make] of Object.entries(cases)) {
    test(group, async () => {
      for (const forgery of make()) await refusedEverywhere(forgery)
    }, 60_000)
  }
})

describe('rightly signed by the issuer, and refused at every door', () => {
  const by = (change: JWTPayload, header?: Record<string, unknown>) => () => keys.ec.sign(claims({ sub: 'wrong', ...change }), header)
  /** JSON can say numbers that no object prints. */
  const huge = async () => {
    const text = JSON.stringify(claims({ sub: 'wrong' })).replace(/"exp":\d+/, '"exp":1e400')
    const content = `${Buffer.from('{"alg":"ES256","kid":"ec"}').toString('base64url')}.${Buffer.from(text).toString('base64url')}`
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.ec.privateKey, Buffer.from(content))
    return `${content}.${Buffer.from(signature).toString('base64url')}`
  }
  /** The very key of the set, used with an algorithm that it is not for. */
  const rsaAs = async (alg: string) => {
    const key = await importPKCS8(await exportPKCS8(keys.rsa.privateKey), alg)
    return await new SignJWT(claims({ sub: 'wrong' })).setProtectedHeader({ alg, kid: 'rsa' }).sign(key)
  }
  const cases: Record<string, () => Forgery[]> = {
    'audience and issuer': () => [
      ['for another audience', by({ aud: 'mail' })],
      ['for no audience', by({ aud: undefined })],
      ['for audiences without ours', by({ aud: ['mail', 'files'] })],
      ['for an audience that begins like ours', by({ aud: `${audience}s` })],
      ['for our audience in capitals', by({ aud: audience.toUpperCase() })],
      ['for an empty list of audiences', by({ aud: [] })],
      ['by another issuer', by({ iss: 'https://evil.example.org' })],
      ['by an issuer with a slash', by({ iss: `${issuerName}/` })],
      ['by no issuer', by({ iss: undefined })],
      ['by us', by({ iss: 'parlance' })],
    ],
    times: () => [
      ['expired now', by({ exp: seconds() })],
      ['expired a second ago', by({ exp: seconds() - 1 })],
      ['expired long ago', by({ exp: 1 })],
      ['no end', by({ exp: undefined })],
      ['an end that is infinite', huge],
      ['an end beyond all dates', by({ exp: 1e15 })],
      ['a begin in an hour', by({ nbf: seconds() + 3600 })],
    ],
    'subjects and types': () => [
      ['no subject', by({ sub: undefined })],
      ['an empty subject', by({ sub: '' })],
      ['a subject that is too long', by({ sub: 'x'.repeat(256) })],
      ['a subject with a NUL', by({ sub: 'a\0b' })],
      ['a subject that is half a character', by({ sub: '\ud800' })],
      ['a logout token', by({}, { typ: 'logout+jwt' })],
      ['a proof of possession', by({}, { typ: 'dpop+jwt' })],
      ['a security event', by({}, { typ: 'secevent+jwt' })],
    ],
    keys: () => [
      ['a key nobody knows', by({}, { kid: 'nobody' })],
      ['no key where there are several', by({}, { kid: undefined })],
      ["another key's name", by({}, { kid: 'rsa' })],
      ['a key for encryption', () => keys.other.sign(claims({ sub: 'wrong' }))],
      ['the key of a symmetric entry of the set', token({ alg: 'HS256', kid: 'shared' }, claims({ sub: 'wrong' }), symmetric)],
      [
        'HS256 with the public key as its secret',
        token({ alg: 'HS256', kid: 'rsa' }, claims({ sub: 'wrong' }), JSON.stringify(keys.rsa.jwk)),
      ],
      [
        'HS256 with the modulus as its secret',
        token({ alg: 'HS256', kid: 'rsa' }, claims({ sub: 'wrong' }), Buffer.from(keys.rsa.jwk.n ?? '', 'base64url')),
      ],
      ['RS512 by a key for RS256', () => rsaAs('RS512')],
      ['PS256 by a key for RS256', () => rsaAs('PS256')],
      ['more characters than a token has', by({ padding: 'x'.repeat(9_000) })],
    ],
    'claims of ours': () => [
      [
        "with a victim's claims of ours",
        by({ ...(claimsOf(victim.token) as JWTPayload), iss: issuerName, aud: audience, exp: seconds() - 10 }),
      ],
      ["as an older API's token", by({ ...(claimsOf(dialect.access) as JWTPayload), sub: undefined })],
    ],
  }
  for (const [group, make] of Object.entries(cases)) {
    test(group, async () => {
      for (const forgery of make()) await refusedEverywhere(forgery)
    }, 60_000)
  }

  test('claims of ours in a token of the issuer make nobody anybody else', async () => {
    const bearer = await keys.ec.sign(
      claims({ ...(claimsOf(victim.token) as JWTPayload), sub: 'claiming', iss: issuerName, aud: audience }),
    )
    const me = await world.rest.call('accounts.me', {}, { token: bearer })
    expect(me.id).not.toBe(victim.id)
  })
})

describe('refresh tokens', () => {
  test('of an older API do not pass at the native refresh, nor the reverse', async () => {
    for (const refresh_token of [
      dialect.refresh,
      dialect.access,
      victim.token,
      `${victim.refresh} `,
      victim.refresh.toLowerCase(),
      'x'.repeat(43),
    ]) {
      expect((await world.rest.ask('accounts.refresh', { refresh_token })).problem?.code).toBe('invalid_refresh')
    }
    const api = createOlderClient(world.server.url)
    for (const path of ['/api/token/refresh/', '/chat-backend/api/token/refresh/', '/realtime-chat/api/token/refresh/']) {
      for (const refresh of [victim.refresh, victim.token, await keys.ec.sign(claims())]) {
        const { status } = await api.ask('POST', path, { json: { refresh } })
        expect([path, [400, 401, 404].includes(status) || status]).toEqual([path, true])
      }
    }
  })
})
