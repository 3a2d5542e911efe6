let lastMs = Number.NaN
let lastText = ''

/** ISO 8601 in UTC with milliseconds, from ms since 1970. The latest is remembered: a message prints its moment three times. */
export function timestamp(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString()
    lastMs = ms
  }
  return lastText
}
