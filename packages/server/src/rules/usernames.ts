/** Control, invisible and direction-changing characters: with them two names could look the same and be different. */
const deceptive = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
const plain = /^[\p{L}\p{M}\p{N}_.@+-]+$/u

export type UsernameFault = 'characters' | 'blank'

/** What is wrong with a new username. `any` allows every character that can be seen; otherwise letters, digits and `_ . @ + -`. */
export function usernameFault(name: string, { any }: { any: boolean }): UsernameFault | null {
  if (name.trim() === '') return 'blank'
  if (deceptive.test(name)) return 'characters'
  return any || plain.test(name) ? null : 'characters'
}

/**
 * The form under which a username is unique and found: compatible forms (full width, ligatures) and letter cases count as one. Down, up
 * and down again, because only that way ß, ẞ and SS meet.
 */
export function usernameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')
}
