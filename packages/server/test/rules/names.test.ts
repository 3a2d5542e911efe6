import { describe, expect, test } from 'bun:test'
import { limits } from '@parlance/protocol'
import { contentFits, packMeta } from '../../src/rules/bounds.ts'
import { emailKey, isEmail } from '../../src/rules/emails.ts'
import { type UsernameFault, usernameFault, usernameKey } from '../../src/rules/usernames.ts'

describe('a username', () => {
  const cases: [name: string, plain: UsernameFault | null, any: UsernameFault | null][] = [
    ['alice', null, null],
    ['Alice.B@home+1-2_3', null, null],
    ['Ünal', null, null],
    ['张伟', null, null],
    ['हिन्दी', null, null],
    ['٣٤', null, null],
    ['two words', 'characters', null],
    ['smile 🙂', 'characters', null],
    ['semi;colon', 'characters', null],
    ['   ', 'blank', 'blank'],
    ['\u3000', 'blank', 'blank'],
    ['tab\there', 'characters', 'characters'],
    ['zero\u200bwidth', 'characters', 'characters'],
    ['joi\u200dner', 'characters', 'characters'],
    ['right\u202eleft', 'characters', 'characters'],
    ['isolate\u2066x', 'characters', 'characters'],
    ['soft\u00adhyphen', 'characters', 'characters'],
    ['filler\u3164', 'characters', 'characters'],
    ['variation\ufe0f', 'characters', 'characters'],
    ['line\u2028break', 'characters', 'characters'],
    ['bom\ufeff', 'characters', 'characters'],
    ['lone\ud800', 'characters', 'characters'],
  ]
  for (const [name, plain, any] of cases) {
    test(`${JSON.stringify(name)} is ${plain === null ? 'fine' : any === null ? 'fine where any character is' : 'refused'}`, () => {
      expect([usernameFault(name, { any: false }), usernameFault(name, { any: true })]).toEqual([plain, any])
    })
  }
})

describe('usernames that look or sound the same are one', () => {
  const same: string[][] = [
    ['Alice', 'alice', 'ALICE', 'Ａｌｉｃｅ'],
    ['straße', 'STRASSE', 'Strasse', 'STRAẞE'],
    ['ΟΔΟΣ', 'οδος', 'οδοσ'],
    ['ﬁn', 'FIN', 'fin'],
    ['é', 'e\u0301', 'É'],
    ['K', 'k', 'K'],
  ]
  for (const names of same) {
    test(names.join(', '), () => {
      expect(new Set(names.map(usernameKey)).size).toBe(1)
    })
  }

  test('no letter changes its key with its case, and no key has another key', () => {
    const cased = /\p{Changes_When_Casemapped}/u
    const letters = Array.from({ length: 0x11_0000 }, (_, code) => code)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code))
      .filter((letter) => cased.test(letter))
    const torn = letters.filter((letter) => {
      const key = usernameKey(letter)
      return [letter.toUpperCase(), letter.toLowerCase(), key].some((form) => usernameKey(form) !== key)
    })
    expect(letters.length).toBeGreaterThan(2_000)
    expect(torn).toEqual([])
  })

  test('other names have other keys', () => {
    expect(usernameKey('ada')).not.toBe(usernameKey('adа'))
  })
})

describe('an e-mail address', () => {
  const cases: [string, boolean][] = [
    ['ada@example.org', true],
    ['Ada.Lovelace+chat@mail.example.co.uk', true],
    ['пользователь@пример.рф', true],
    ['ada@localhost', false],
    ['ada', false],
    ['@example.org', false],
    ['ada@', false],
    ['a@b@example.org', false],
    ['ada@example..org', false],
    ['ada@.example.org', false],
    ['ada @example.org', false],
    ['ada@exam\u200bple.org', false],
  ]
  for (const [text, valid] of cases) {
    test(`${JSON.stringify(text)} ${valid ? 'can' : 'cannot'} be one`, () => {
      expect(isEmail(text)).toBe(valid)
    })
  }

  test('has one owner without regard to case', () => {
    expect(emailKey('Ada@Example.ORG')).toBe(emailKey('ada@example.org'))
  })
})

describe('content', () => {
  const { content_chars: max } = limits
  const cases: [what: string, text: string, fits: boolean][] = [
    ['the longest text of one-byte characters', 'a'.repeat(max), true],
    ['one character more', 'a'.repeat(max + 1), false],
    ['as many characters outside the basic plane', '🙂'.repeat(max), true],
    ['one of these more', '🙂'.repeat(max + 1), false],
    ['characters that need three bytes each', '世'.repeat(max), true],
  ]
  for (const [what, text, fits] of cases) test(`${what} ${fits ? 'fits' : 'does not fit'}`, () => expect(contentFits(text)).toBe(fits))
})

test('meta is bounded in bytes of its JSON', () => {
  const frame = JSON.stringify({ a: '' }).length
  expect(packMeta({ a: 'x'.repeat(limits.meta_bytes - frame) })).toHaveLength(limits.meta_bytes)
  expect(packMeta({ a: 'x'.repeat(limits.meta_bytes - frame + 1) })).toBeNull()
  expect(packMeta({ a: 'ä'.repeat(limits.meta_bytes / 2) })).toBeNull()
})

test('meta is JSON that every reader can parse, kept as it came', () => {
  const refused = ['{"a":1e999}', '{"a":[{"b":-1e999}]}', '{"a":"\\u0000"}', '{"\\u0000":1}', '{"a":["\\ud83d"]}', '{"\\udc00":1}']
  for (const text of refused) expect([text, packMeta(JSON.parse(text) as Record<string, unknown>)]).toEqual([text, null])
  const kept = ['{"a":"😀\\\\u0000 \\\\ud83d"}', '{"":null,"b":1e+308}', '{"__proto__":{"a":1}}']
  for (const text of kept) expect(packMeta(JSON.parse(text) as Record<string, unknown>)).toBe(text)
})
