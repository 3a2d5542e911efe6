/** At most `burst` at once, and `perMinute` in the long run. */
export type Rate = { burst: number; perMinute: number }

/**
 * The bounds of a server that clients need not know (those they need are published in protocol's `limits`). They are not settings: a test
 * may choose smaller ones, an installation runs on these.
 */
export const defaultLimits = {
  accessTokenSeconds: 900,
  refreshTokenDays: 30,
  /** Passwords hashed at once, and those that may wait for it. A core is always left to those who are signed in. */
  hashesAtOnce: 2,
  hashesWaiting: 200,
  /** What one hash costs, in KiB of memory and passes over them: the least that OWASP recommends for argon2id with one lane. */
  hashCost: { memoryCost: 19_456, timeCost: 2 },

  /** Operations that took longer are logged as slow. */
  slowOperationMs: 1000,

  /**
   * A connection is closed when it sends no further request for so long, when a body is not there after it, whatever trickles in, and when
   * of an answer nothing is taken. For the header the runtime has a time of its own: 10 seconds.
   */
  requestSeconds: 30,
  /** Requests of one address whose answer has not begun: bodies that never end are among them. */
  requestsPerAddress: 500,

  /**
   * How long what is over stays in the database before it is swept (days): logins after their last token ran out, invitations after they
   * expired or were revoked, bans and mutes after their end. Whoever runs the server may look them up meanwhile. Links to a new password go
   * as they expire; when somebody last wrote in a room in slow mode is of use for as long as the longest wait is, which is below a day.
   */
  keptDays: { sessions: 30, resets: 0, invites: 30, sanctions: 30, slow_posts: 1 },
  /** How often it is looked for; at start as well. */
  sweepEveryMs: 3_600_000,

  /** How long a server that ends waits for its sockets and requests. */
  drainMs: 10_000,

  /** By address, and only before anybody is signed in: many people may share one. */
  signedOutPerAddress: { burst: 60, perMinute: 60 } as Rate,
  unprovenSocketsPerAddress: 100,
  /** Frames of one socket in a quarter of a second: many times what anybody sends who waits for answers. */
  framesPerLook: 2000,
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
