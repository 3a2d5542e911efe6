/**
 * What clients of the harness sent and received and no log may show: tokens, passwords, links, codes. Every server of the harness compares
 * its log with it when it closes, so that the whole suite is one search.
 */

/** Fields whose text is a secret, wherever they stand. */
const names = /^(?:.*_)?(?:token|password|secret|access|refresh|current|code|url|link|invite)$/
/** Long enough that nothing else reads like it. */
const piece = /[\w-]{20,}/g
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** Long words without blanks are found by looking up the words of a log; other texts, passwords mostly, by looking for each. */
const words = new Map<string, string>()
const phrases = new Map<string, string>()

/** A text that must not be logged. Of a JWT everything but its header is kept secret, piece by piece; of a link what is long in it. */
export function noteSecret(what: string, text: string): void {
  const body = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text) ? text.slice(text.indexOf('.') + 1) : text
  const pieces = [...body.matchAll(piece)].map(([found]) => found).filter((found) => !uuid.test(found))
  for (const found of pieces) words.set(found, what)
  // Digits alone would be found in times, short words anywhere.
  if (
    pieces.length === 0 &&
    !uuid.test(text) &&
    text.length >= 8 &&
    !/^[\d\W]*$/.test(text) &&
    !/^[a-z_]+$/.test(text) &&
    !text.includes('://')
  ) {
    phrases.set(text, what)
  }
}

/** Every secret within what was sent or received: fields by their names. */
export function noteSecretsIn(value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) noteSecretsIn(item)
    return
  }
  if (typeof value !== 'object' || value === null) return
  // What an error is called by is no secret.
  if ('status' in value && 'title' in value) return
  for (const [name, field] of Object.entries(value)) {
    if (typeof field === 'string' && names.test(name)) noteSecret(name, field)
    else noteSecretsIn(field)
  }
}

/** The secrets within a request, as far as one can tell: its bearer, its body, its address. */
export function noteRequest(address: string, { headers, body }: { headers?: RequestInit['headers']; body?: unknown }): void {
  const bearer = new Headers(headers).get('authorization')?.replace(/^bearer +/i, '')
  if (bearer !== undefined) noteSecret('a bearer token', bearer)
  const token = /[?&]token=([^&]*)/.exec(address)?.[1]
  if (token !== undefined) noteSecret('a token of an address', unescaped(token))
  if (typeof body === 'string') noteText(body)
}

/** JSON is looked into; anything else is none. */
export function noteText(text: string): void {
  try {
    noteSecretsIn(JSON.parse(text))
  } catch {
    // Not JSON: nothing in it has a name.
  }
}

/** Throws where a log shows a secret. */
export function searchLog(lines: readonly string[]): void {
  const found = secretsIn(lines)
  if (found.length > 0) throw new Error(`a log shows ${found.length} secrets:\n${found.slice(0, 5).join('\n')}`)
}

export function secretsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const whats = [...line.matchAll(piece)].flatMap(([word]) => words.get(word) ?? [])
    for (const [phrase, what] of phrases) if (line.includes(phrase)) whats.push(what)
    return [...new Set(whats)].map((what) => `${what} in: ${line.slice(0, 300)}`)
  })
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
