import { ChatError, limits } from '@parlance/protocol'

type PageInput = { limit?: number; cursor?: string }

/** One row more than the page: its presence is what tells that there is a next page. */
export type Ask<K> = { after: K | null; limit: number }

/** Cursors of one list: the key of the last row and the list it belongs to, in a text that clients have no reason to read. */
export type Cursors<K> = {
  ask(input: PageInput): Ask<K>
  /** Cuts the extra row off. `keyOf` is the key of a row in the list's order. */
  page<R>(rows: readonly R[], input: PageInput, keyOf: (row: R) => K): { rows: R[]; next: string | null }
}

type Codec<K> = { print: (key: K) => string; parse: (text: string) => K | null }

const number: Codec<number> = {
  print: String,
  parse: (text) => (/^[1-9]\d{0,14}$/.test(text) ? Number(text) : null),
}
const text: Codec<string> = { print: (key) => key, parse: (key) => key }

export const numberCursors = (list: string): Cursors<number> => cursors(list, number)
export const textCursors = (list: string): Cursors<string> => cursors(list, text)

function cursors<K>(list: string, codec: Codec<K>): Cursors<K> {
  const size = (input: PageInput) => input.limit ?? limits.page_default
  return {
    ask: (input) => ({ after: input.cursor === undefined ? null : decode(list, codec, input.cursor), limit: size(input) + 1 }),
    page(rows, input, keyOf) {
      const shown = rows.slice(0, size(input))
      const last = shown.at(-1)
      const more = rows.length > shown.length && last !== undefined
      return { rows: shown, next: more ? Buffer.from(`${list}:${codec.print(keyOf(last))}`).toString('base64url') : null }
    },
  }
}

function decode<K>(list: string, { parse }: Codec<K>, cursor: string): K {
  const decoded = Buffer.from(cursor, 'base64url').toString()
  const key = decoded.startsWith(`${list}:`) ? parse(decoded.slice(list.length + 1)) : null
  // Compared in the encoded form, so that a page has one cursor and damaged ones do not pass by chance.
  if (key === null || Buffer.from(decoded).toString('base64url') !== cursor) throw new ChatError('invalid_cursor')
  return key
}
