/** How paths name people and rooms, and rooms without a name are shown. */

/** An id as clients write it, in a pattern of their own. */
export const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const onlyUuid = new RegExp(`^${uuid}$`, 'i')

/** An id as it is kept; null for what can be none. */
export const idOf = (text: string | undefined): string | null => (text !== undefined && onlyUuid.test(text) ? text.toLowerCase() : null)

/** A path as text; as it came where its escapes are broken. */
export function unescaped(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** So much of a title is shown that the number fits into a name with it. */
const titleChars = 200

/** The name of a group that has nothing but a title. */
export function titleName(title: string | null, number: number): string {
  const words = Array.from(title ?? '')
    .slice(0, titleChars)
    .join('')
  return `${words.replaceAll(/[^\p{L}\p{N}_]+/gu, '_')}_${number}`
}
