import { chatBackend } from './chat-backend/chat-backend.ts'
import type { Dialect, Door } from './dialect.ts'
import { djangoChatApp } from './django-chat-app/django-chat-app.ts'
import { djangoRealtimeChatApi } from './django-realtime-chat-api/django-realtime-chat-api.ts'
import { native } from './native/native.ts'

export type DialectOptions = {
  /** The older APIs to answer, by name. */
  enabled: readonly string[]
  ownTokens: Door['tokens']
}

/** In the order in which they are preferred on the socket path they share, where neither token nor room tells whom it is meant for. */
const older = [djangoRealtimeChatApi, chatBackend, djangoChatApp]

/** Every language this server speaks, in the order in which shared paths ask them. Our own is the first. */
export function dialectsFor({ enabled, ownTokens }: DialectOptions): Dialect[] {
  return [native(ownTokens), ...older.filter(({ name }) => enabled.includes(name))]
}
