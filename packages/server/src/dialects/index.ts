import type { Dialect, Door } from './dialect.ts'
import { native } from './native/native.ts'

export type DialectOptions = {
  /** The older APIs to answer, by name. */
  enabled: readonly string[]
  ownTokens: Door['tokens']
}

/** Every language this server speaks, in the order in which a socket or a shared path asks them. Our own is the first. */
export function dialectsFor({ ownTokens }: DialectOptions): Dialect[] {
  return [native(ownTokens)]
}
