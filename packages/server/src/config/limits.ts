/** At most `burst` at once, and `perMinute` in the long run. */
export type Rate = { burst: number; perMinute: number }

const KiB = 1_024
const MiB = 1_024 * KiB

/**
 * The bounds of a server that clients need not know (those they need are published in protocol's `limits`). They are not settings: a test
 * may choose smaller ones, an installation runs on these.
 */
export const defaultLimits = {
  accessTokenSeconds: 900,
  refreshTokenDays: 30,
  /** How long a spent refresh token still returns the same successor. */
  refreshGraceSeconds: 30,
  /** The age at which cached state of a session and its user is read again. */
  sessionCacheMs: 1_000,
  /** Passwords hashed at once, and those that may wait for it. */
  hashesAtOnce: 2,
  hashesWaiting: 200,

  /** The commit queue: what waits in all, and what goes into one transaction. */
  queueIntents: 10_000,
  queueBytes: 16 * MiB,
  batchIntents: 500,
  batchBytes: 256 * KiB,
  /** How long a batch is tried again after its connection was lost, before the outcome is unknown. */
  commitRetryMs: 5_000,
  lockWaitMs: 2_000,

  /** Bytes buffered for one socket: over the first it misses what may be dropped, over the second it is closed, over the third cut. */
  bufferedEphemeralBytes: 256 * KiB,
  bufferedDurableBytes: 512 * KiB,
  bufferedHardBytes: MiB,
  bufferedSweepMs: 250,
  /** Memory for the last events of all rooms. */
  ringBytes: 64 * MiB,
  /** How long the hub waits for an event that is missing in between before it reads the log. */
  gapWaitMs: 50,
  headsCompareMs: 2_000,
  headsCompareBusDownMs: 500,
  presenceGraceMs: 10_000,
  /** How long a server that ends waits for its sockets and requests. */
  drainMs: 10_000,

  /** By address, and only before anybody is signed in: many people may share one. */
  signedOutPerAddress: { burst: 60, perMinute: 60 } as Rate,
  unprovenSocketsPerAddress: 100,
  /** By user, for each class of operations. */
  ratesPerUser: {
    auth: { burst: 20, perMinute: 20 },
    read: { burst: 300, perMinute: 3_000 },
    write: { burst: 60, perMinute: 600 },
    send: { burst: 120, perMinute: 1_800 },
    ephemeral: { burst: 30, perMinute: 600 },
  } as Record<'auth' | 'read' | 'write' | 'send' | 'ephemeral', Rate>,
}

export type Limits = typeof defaultLimits
