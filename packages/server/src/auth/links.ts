import { createHash } from 'node:crypto'

/** What only the holder of a link has (192 random bits, base64url), and its SHA-256, which is all that is stored. */
export type Link = { token: string; hash: Uint8Array }

export type Links = {
  fresh(): Link
  /** What the store keeps of a token, or null for a text that cannot be one. */
  digest(token: string): Uint8Array | null
}

const bytes = 24

export function createLinks(random: (size: number) => Uint8Array): Links {
  const digest = (token: string) => (/^[\w-]{32}$/.test(token) ? new Uint8Array(createHash('sha256').update(token).digest()) : null)
  return {
    digest,
    fresh() {
      const token = Buffer.from(random(bytes)).toString('base64url')
      const hash = digest(token)
      if (hash === null) throw new Error('a new link has no digest')
      return { token, hash }
    },
  }
}
