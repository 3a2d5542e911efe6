/** Thrown for text that is not JSON or is nested more deeply than allowed. */
export class MalformedJson extends Error {}

/** Parses JSON that may be nested at most `depth` levels; deeper text is refused before it is parsed. */
export function parseJson(text: string, depth: number): unknown {
  // Shorter text cannot be nested too deeply and brackets both.
  if (text.length >= depth * 2 && nests(text, depth)) throw new MalformedJson(`nested more than ${depth} levels deep`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MalformedJson('not well-formed JSON', { cause: error })
  }
}

function nests(text: string, depth: number): boolean {
  let level = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (quoted) {
      if (code === 92) i++
      else if (code === 34) quoted = false
    } else if (code === 34) quoted = true
    else if (code === 123 || code === 91) {
      if (++level > depth) return true
    } else if (code === 125 || code === 93) level--
  }
  return false
}

/** Whether a parsed value is an object with keys, not an array or null. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
