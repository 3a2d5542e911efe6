import type { Dialect, Door } from './dialect.ts'
import { djangoRealtimeChatApi } from './django-realtime-chat-api/django-realtime-chat-api.ts'
import { native } from './native/native.ts'

export type DialectOptions = {
  /** The older APIs to answer, by name. */
  enabled: readonly string[]
  ownTokens: Door['tokens']
}

const older = [djangoRealtimeChatApi]

/** Every language this server speaks, in the order in which a socket or a shared path asks them. Our own is the first. */
export function dialectsFor({ enabled, ownTokens }: DialectOptions): Dialect[] {
  return [native(ownTokens), ...older.filter(({ name }) => enabled.includes(name))]
}
