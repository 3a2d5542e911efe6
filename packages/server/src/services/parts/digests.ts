const bytes = 8

/** A short keyed hash of a request, to tell a retry from another request under the same cid. The key keeps it from telling the text. */
export type Digest = (request: unknown) => Uint8Array

export const createDigest =
  (key: Uint8Array): Digest =>
  (request) =>
    new Bun.CryptoHasher('sha256', key).update(JSON.stringify(request)).digest().subarray(0, bytes)

/** Stands where there is no cid and therefore nothing to compare with. */
export const noDigest = new Uint8Array(bytes)
