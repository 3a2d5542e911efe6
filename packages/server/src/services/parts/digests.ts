const bytes = 8

/**
 * A short keyed hash of a request, to tell a retry from another request under the same cid. The key keeps it from telling the text. Nulls
 * in place of `undefined` spare its caller JSON's slow path; the digest is the same.
 */
export type Digest = (request: unknown) => Uint8Array

export function createDigest(key: Uint8Array): Digest {
  const keyed = new Bun.CryptoHasher('sha256', key)
  // Room for a digest, used again for each: a new buffer and a view of it cost more than the hash.
  const room = new Uint8Array(64)
  return (request) => {
    keyed.copy().update(JSON.stringify(request)).digest(room)
    return room.slice(0, bytes)
  }
}

/** Stands where there is no cid and therefore nothing to compare with. */
export const noDigest = new Uint8Array(bytes)
