import { describe, expect, test } from 'bun:test'
import { createPasswords, passwordFault } from '../../src/auth/passwords.ts'
import { defaultLimits } from '../../src/config/limits.ts'
import { Overloaded, Semaphore } from '../../src/base/semaphore.ts'

const passwords = createPasswords(new Semaphore({ slots: 2, waiting: 100 }), defaultLimits.hashCost)

describe('a password', () => {
  test('is verified against its own hash only, and hashes of one password differ', async () => {
    const [one, other] = await Promise.all([passwords.hash('pässwörd 😀'), passwords.hash('pässwörd 😀')])
    expect(one).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$')
    expect(one).not.toBe(other)
    expect(await passwords.verify('pässwörd 😀', one)).toBe(true)
    expect(await passwords.verify('pässwörd 😁', one)).toBe(false)
    expect(await passwords.verify('password', one)).toBe(false)
  })

  test('of a length that argon2 would cut or refuse is refused by us', async () => {
    const longest = 'é'.repeat(512)
    expect(passwordFault(longest, 8)).toBeNull()
    expect(passwordFault(`${longest}x`, 8)).toBe('too_long')
    const hash = await passwords.hash(longest)
    expect(await passwords.verify(longest, hash)).toBe(true)
    expect(await passwords.verify(`${longest}x`, hash)).toBe(false)
    expect(await passwords.verify('', hash)).toBe(false)
    expect(await passwords.hash('').catch((error: unknown) => error)).toBeInstanceOf(RangeError)
  })

  test('is measured in characters against the minimum of its door', () => {
    expect(passwordFault('1234567', 8)).toBe('too_short')
    expect(passwordFault('12345678', 8)).toBeNull()
    expect(passwordFault('😀'.repeat(4), 8)).toBe('too_short')
    expect(passwordFault('', 0)).toBe('too_short')
  })

  test('never opens an account that has no usable hash', async () => {
    for (const hash of [null, '', '!unusable', 'plain', '$2b$10$abcdefghijklmnopqrstuv', 'pbkdf2_sha256$0$salt$AAAA', 'md5$x$y']) {
      expect(await passwords.verify('AAAA', hash)).toBe(false)
    }
  })

  test('takes as long to refuse for nobody as for somebody', async () => {
    const hash = await passwords.hash('right')
    const time = async (stored: string | null) => {
      const start = performance.now()
      await passwords.verify('wrong', stored)
      return performance.now() - start
    }
    let [somebody, nobody] = [Infinity, Infinity]
    // The shortest of many is what it takes where nothing else runs. While something does, more are looked at.
    for (let i = 0; i < 9 || (i < 90 && !(nobody > somebody * 0.6 && nobody < somebody * 1.7)); i += 1) {
      somebody = Math.min(somebody, await time(hash))
      nobody = Math.min(nobody, await time(null))
    }
    expect(nobody).toBeGreaterThan(somebody * 0.6)
    expect(nobody).toBeLessThan(somebody * 1.7)
  })

  test('of an imported Django account is verified, and due for a new hash', async () => {
    const vectors = [
      ['correct horse battery staple', 'pbkdf2_sha256$1000$seasalt2$vVHZGEs7v6quz+ZQJ3YUviKmZHPrpr5OATMMKlICjVY='],
      ['pässwörd', 'pbkdf2_sha256$260000$abcDEF012345$canbYy48tMpYx/B0uNBTUGdsl9MNO/mT3UZMYNSStqk='],
    ] as const
    for (const [password, hash] of vectors) {
      expect(await passwords.verify(password, hash)).toBe(true)
      expect(await passwords.verify(`${password}!`, hash)).toBe(false)
      expect(passwords.needsRehash(hash)).toBe(true)
    }
    expect(passwords.needsRehash(await passwords.hash('x'))).toBe(false)
    expect(passwords.needsRehash(await Bun.password.hash('x', { algorithm: 'argon2id', memoryCost: 8_192, timeCost: 2 }))).toBe(true)
  })

  test('from an import cannot order an endless computation', async () => {
    const start = performance.now()
    expect(await passwords.verify('x', `pbkdf2_sha256$99999999$salt$${'A'.repeat(43)}=`)).toBe(false)
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  test('is refused at once when too many are waiting', async () => {
    const busy = createPasswords(new Semaphore({ slots: 1, waiting: 1 }), defaultLimits.hashCost)
    const outcomes = await Promise.allSettled([busy.hash('a'), busy.verify('b', null), busy.hash('c')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(outcomes[2]?.status === 'rejected' && (outcomes[2].reason as unknown)).toBeInstanceOf(Overloaded)
  })
})
