import { operation } from './define.ts'
import { Closed, Id, Nullable, Page, pageInput, type Static, Timestamp, Type } from './schema.ts'

/** One login that has not ended. `used_at` is at most an hour behind; `door` is `native`, or the older API the login was made at. */
export const Login = Closed({
  id: Id,
  door: Type.String(),
  agent: Nullable(Type.String({ description: 'What the client called itself (User-Agent) when it signed in.' })),
  created_at: Timestamp,
  used_at: Timestamp,
  expires_at: Timestamp,
  current: Type.Boolean({ description: 'The session that asks.' }),
})
export type Login = Static<typeof Login>

export const sessions = {
  'sessions.list': operation({
    summary: 'Where you are signed in',
    description: 'Sessions that have not ended, the latest first.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/sessions',
    status: 200,
    in: Closed(pageInput),
    out: Page(Login),
    errors: ['invalid_cursor'],
  }),
  'sessions.end': operation({
    summary: 'End one of your sessions',
    description: 'Its tokens and sockets end within a second. Ending it again changes nothing.',
    auth: 'user',
    rate: 'write',
    method: 'DELETE',
    path: '/sessions/{session}',
    status: 204,
    in: Closed({ session: Id }),
    out: Type.Null(),
    errors: ['not_found'],
  }),
}
