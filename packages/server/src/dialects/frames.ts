import { limits } from '@parlance/protocol'
import { isRecord, parseJson } from '../base/json.ts'

/** A frame's text as an object; null for anything else, too deep nesting included. */
export function parseFrame(text: string): Record<string, unknown> | null {
  try {
    const value = parseJson(text, limits.json_depth)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

/** The number that stands in a frame under this key, as it was written: before it was rounded to what a number can hold. */
export function numberAsWritten(frame: string, key: string): string {
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' ? context?.source : value
  return String((JSON.parse(frame, keep) as Record<string, unknown>)[key])
}
