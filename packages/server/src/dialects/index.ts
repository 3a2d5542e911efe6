import { chatBackend } from './chat-backend/chat-backend.ts'
import type { Dialect, Door } from './dialect.ts'
import { djangoChatApp } from './django-chat-app/django-chat-app.ts'
import { djangoRealtimeChatApi } from './django-realtime-chat-api/django-realtime-chat-api.ts'
import { native } from './native/native.ts'
import { realtimeChat } from './realtime-chat/realtime-chat.ts'

export type DialectOptions = {
  /** The older APIs to answer, by name. */
  enabled: readonly string[]
  ownTokens: Door['tokens']
  /** What the installation decides of the tokens of older APIs, by name. */
  olderTokens: Readonly<Record<string, Door['tokens']>>
}

/** In the order in which they are preferred on the socket path they share, where neither token nor room tells whom it is meant for. */
const older = (tokens: DialectOptions['olderTokens']): Dialect[] => [
  realtimeChat(tokens['realtime-chat']),
  djangoRealtimeChatApi,
  chatBackend,
  djangoChatApp,
]

/** Every language this server speaks, in the order in which shared paths ask them. Our own is the first. */
export function dialectsFor({ enabled, ownTokens, olderTokens }: DialectOptions): Dialect[] {
  return [native(ownTokens), ...older(olderTokens).filter(({ name }) => enabled.includes(name))]
}
