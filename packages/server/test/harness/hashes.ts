import type { HashCost } from '../../src/auth/passwords.ts'

/**
 * What password hashes of tests cost: next to nothing, as signing somebody up is how most of them begin. What is really paid is shown by
 * the tests of passwords and of the command line, which run on the defaults.
 */
export const cheapHashes: HashCost = { memoryCost: 64, timeCost: 1 }
