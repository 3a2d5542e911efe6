import { createHmac } from 'node:crypto'
import { SignJWT } from 'jose'

/** Something that is no valid token of a victim, and what it is. */
export type Forgery = [what: string, token: string | (() => Promise<string>)]

const part = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const hmac = (key: Uint8Array | string, content: string, hash = 'sha256'): string =>
  createHmac(hash, key).update(content).digest('base64url')

/** A token put together by hand: header and payload as objects, or as the text that stands in them. */
export function token(header: unknown, payload: unknown, key: Uint8Array | string = 'guess'): string {
  const content = `${part(header)}.${part(payload)}`
  return `${content}.${hmac(key, content)}`
}

const unsigned = (header: unknown, payload: unknown, signature = ''): string => `${part(header)}.${part(payload)}.${signature}`

/** What every verifier must refuse, given a good token of its own: changes that need no key. */
export function withoutKey(good: string): Forgery[] {
  const [header = '', payload = '', signature = ''] = good.split('.')
  const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
  const [head, claims] = [read(header), read(payload)]
  const dotted = (dot: string) => [header, payload, signature].join(dot)
  return [
    ...['none', 'None', 'NONE', 'nOnE', '', 'HS0', 'null'].map((alg): Forgery => [`alg "${alg}"`, unsigned({ ...head, alg }, claims)]),
    ['alg none with the signature kept', unsigned({ ...head, alg: 'none' }, claims, signature)],
    ['alg null', unsigned({ ...head, alg: null }, claims, signature)],
    ['alg as a list', unsigned({ ...head, alg: [head.alg, 'none'] }, claims, signature)],
    ['alg twice, none last', unsigned(JSON.stringify({ ...head }).replace(/}$/, ',"alg":"none"}'), claims)],
    ['alg twice, none first', unsigned(JSON.stringify({ ...head }).replace(/^{/, '{"alg":"none",'), claims)],
    ['no header', unsigned('', claims, signature)],
    ['an empty signature', `${header}.${payload}.`],
    ['no signature', `${header}.${payload}`],
    ['half a signature', `${header}.${payload}.${signature.slice(0, signature.length / 2)}`],
    ['a longer signature', `${good}AAAA`],
    ['a signature of zeros', `${header}.${payload}.${Buffer.alloc(Buffer.from(signature, 'base64url').length).toString('base64url')}`],
    ['another signature', `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`],
    ['claims changed under the signature', `${header}.${part({ ...claims, admin: true, sub: 'somebody else', uno: 1 })}.${signature}`],
    ['a header changed under the signature', `${part({ ...head, kid: 'x' })}.${payload}.${signature}`],
    ['claims twice under the signature', `${header}.${part(JSON.stringify(claims).replace(/}$/, ',"sub":"else","uno":1}'))}.${signature}`],
    ['a header of prototypes', unsigned('{"__proto__":{"alg":"HS256"}}', claims, signature)],
    ['four parts', `${good}.${signature}`],
    ['five parts, like an encrypted one', `${header}.${payload}.${signature}.${payload}.${signature}`],
    ['a part less in front', `${payload}.${signature}`],
    ['parts in another order', `${payload}.${header}.${signature}`],
    ['two dots and nothing', '..'],
    ['a dot', '.'],
    ['only dots', '.'.repeat(2000)],
    ['other dots', dotted('。')],
    ['blanks between the parts', dotted('. ')],
    ['a blank in front', ` ${good}`],
    ['a blank behind', `${good} `],
    ['a tab behind', `${good}\t`],
    ['a line break behind', `${good}\n`],
    ['a NUL behind', `${good}\0`],
    ['padding behind', `${good}=`],
    ['percent signs', good.replaceAll('.', '%2e')],
    ['its scheme again', `Bearer ${good}`],
    ['quotes around it', `"${good}"`],
    ['the other case', good.toUpperCase()],
    ['the JSON form', JSON.stringify({ protected: header, payload, signature })],
    ['a token within a token', `${header}.${part(good)}.${signature}`],
    ...['', 'null', 'undefined', '{}', '[]', '0', 'true', '*', "' or 1=1 --", '../../../etc/passwd', '\ud800', '🔑'].map(
      (text): Forgery => [`the text ${JSON.stringify(text)}`, text],
    ),
    ['5,000 characters', 'a'.repeat(5_000)],
    ['9,000 characters in three parts', `${header}.${'a'.repeat(9_000)}.${signature}`],
    ['a payload of deep lists', token({ alg: 'HS256', typ: 'at+jwt' }, `${'['.repeat(2_000)}${']'.repeat(2_000)}`)],
  ]
}

/** Header tricks that make a careless verifier take the attacker's key. */
export async function withOwnKey(good: string): Promise<Forgery[]> {
  const claims = JSON.parse(Buffer.from(good.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    true,
    ['sign', 'verify'],
  )
  const jwk = await crypto.subtle.exportKey('jwk', publicKey)
  const spki = Buffer.from(await crypto.subtle.exportKey('spki', publicKey)).toString('base64')
  const evil = 'http://127.0.0.1:9/keys.json'
  const signed = (header: Record<string, unknown>) => () =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', ...header }).sign(privateKey)
  return [
    ['RS256 with a key of the attacker', signed({})],
    ['the key in the header (jwk)', signed({ jwk })],
    ['the address of the key in the header (jku)', signed({ jku: evil })],
    ['the address of a certificate in the header (x5u)', signed({ x5u: evil })],
    ['a certificate in the header (x5c)', signed({ x5c: [spki] })],
    ['a kid that is a path, for an empty key', token({ alg: 'HS256', typ: 'at+jwt', kid: '../../../../dev/null' }, claims, '')],
    ['a kid that is SQL', token({ alg: 'HS256', typ: 'at+jwt', kid: "x' union select 'guess' --" }, claims)],
    ['a kid that is an address', token({ alg: 'HS256', typ: 'at+jwt', kid: evil }, claims)],
    ['a kid that is a list', token({ alg: 'HS256', typ: 'at+jwt', kid: [evil] }, claims)],
    ['a kid that is an object', token({ alg: 'HS256', typ: 'at+jwt', kid: { toString: 'x' } }, claims)],
    ...['', 'secret', 'parlance', 'access token', '0'.repeat(32)].map(
      (key): Forgery => [`HS256 with the key "${key}"`, token({ alg: 'HS256', typ: 'at+jwt' }, claims, key)],
    ),
  ]
}
