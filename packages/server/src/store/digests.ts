/** Whether a request is the one whose digest is stored. The digest of a deleted message is gone: any request with its cid then counts as it. */
export const isSameRequest = (stored: Uint8Array | null, asked: Uint8Array): boolean =>
  stored === null || Buffer.compare(stored, asked) === 0
