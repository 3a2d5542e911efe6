import { parsePbkdf2, verifyPbkdf2 } from './pbkdf2.ts'

/** Runs a job when there is room for it, and rejects instead of letting too long a line form. */
export type Turns = { run<T>(job: () => Promise<T>): Promise<T> }

/** Every hash costs 19 MiB and tens of milliseconds of a core, so all of them wait for a turn: any call may reject with what `turns` does. */
export type Passwords = {
  /** An argon2id hash. Throws a RangeError for a password that `passwordFault` refuses whatever the door. */
  hash(password: string): Promise<string>
  /** False for a wrong password and, after the same time, for `null` (nobody of that name) or a hash of an unknown kind. */
  verify(password: string, hash: string | null): Promise<boolean>
  /** True where the hash is of an older kind or cheaper than those made now: hash the password again while it is at hand. */
  needsRehash(hash: string): boolean
}

export type PasswordFault = 'too_short' | 'too_long'

/** What one hash costs: KiB of memory, and passes over them. */
export type HashCost = { memoryCost: number; timeCost: number }

const maxBytes = 1_024

/** What is wrong with a new password; `minimum` is the door's, in characters. Passwords are kept exactly as typed. */
export function passwordFault(password: string, minimum: number): PasswordFault | null {
  if (Buffer.byteLength(password) > maxBytes) return 'too_long'
  return Array.from(password).length < Math.max(1, minimum) ? 'too_short' : null
}

export function createPasswords(turns: Turns, cost: HashCost): Passwords {
  // No password has this hash: its digest is all zeros. Checking against it takes as long as against a real one.
  const nobodysHash = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=1$${'A'.repeat(43)}$${'A'.repeat(43)}`
  return {
    async hash(password) {
      const fault = passwordFault(password, 1)
      if (fault !== null) throw new RangeError(`this password cannot be hashed: ${fault}`)
      return await turns.run(() => Bun.password.hash(password, { algorithm: 'argon2id', ...cost }))
    },
    async verify(password, hash) {
      // Says nothing about who exists: no account can have such a password.
      if (passwordFault(password, 1) !== null) return false
      return await turns.run(() => matches(password, hash, nobodysHash))
    },
    needsRehash: (hash) => !hash.startsWith('$argon2id$') || isCheaper(hash, cost),
  }
}

async function matches(password: string, hash: string | null, nobodysHash: string): Promise<boolean> {
  if (hash?.startsWith('$argon2id$')) return await Bun.password.verify(password, hash, 'argon2id')
  const older = hash === null ? null : parsePbkdf2(hash)
  if (older !== null) return await verifyPbkdf2(password, older)
  await Bun.password.verify(password, nobodysHash, 'argon2id')
  return false
}

function isCheaper(hash: string, cost: HashCost): boolean {
  const [, memory, time] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(hash) ?? []
  return Number(memory ?? 0) < cost.memoryCost || Number(time ?? 0) < cost.timeCost
}
