import { type Fault, limits } from '@parlance/protocol'

/** Whether a text keeps the published bounds of one message, in characters and in bytes. */
export function contentFits(content: string): boolean {
  // Every code unit is at most one character and three bytes, so that almost every message is settled here.
  if (content.length <= limits.content_chars && content.length * 3 <= limits.content_bytes) return true
  if (Buffer.byteLength(content) > limits.content_bytes) return false
  let characters = 0
  for (const _ of content) characters += 1
  return characters <= limits.content_chars
}

/**
 * `meta` as it is stored, or null where it is not fit to be kept: too large, or what not every reader's JSON parser takes (NUL, lone
 * surrogates) or ours has already changed (numbers beyond a double).
 */
export function packMeta(meta: Record<string, unknown>): string | null {
  let fit = true
  const text = JSON.stringify(meta, (key, value: unknown) => {
    fit &&= isText(key) && (typeof value === 'string' ? isText(value) : typeof value !== 'number' || Number.isFinite(value))
    return value
  })
  return fit && Buffer.byteLength(text) <= limits.meta_bytes ? text : null
}

const isText = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

export const metaFault: Fault = {
  path: '/meta',
  code: 'unfit',
  message: `At most ${limits.meta_bytes} bytes as JSON, no NUL or lone surrogates in it, and no number beyond a double.`,
}

export const contentFault: Fault = {
  path: '/content',
  code: 'too_large',
  message: `At most ${limits.content_chars} characters and ${limits.content_bytes} bytes.`,
}
