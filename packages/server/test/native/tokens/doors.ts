import { limits } from '@parlance/protocol'
import { createOlderClient } from '../../harness/older-client.ts'
import { connect } from '../../harness/socket.ts'
import type { Person, World } from '../../harness/world.ts'

/** How a door answers a token: whether it let somebody in, and by which status or close code. Null: the token cannot be carried there. */
export type Reply = { passed: boolean; code: number } | null
export type Door = { name: string; knock(token: string): Promise<Reply> }

/** Every way into a server by an access token. `insider` has a right one for what needs an open socket. */
export function doorsOf({ server, rest }: World, insider: Person): Door[] {
  const api = createOlderClient(server.url)
  // What can stand in a header; the rest never reaches a server.
  const fits = (token: string) => /^[\t\x20-\x7e\x80-\xff]*$/.test(token)
  const status = (code: number): Reply => ({ passed: code < 400, code })
  return [
    {
      name: 'REST',
      async knock(token) {
        if (!fits(token)) return null
        return status((await rest.raw('GET', '/api/v1/me', { headers: { authorization: `Bearer ${token}` } })).status)
      },
    },
    {
      name: 'the hello of a socket',
      async knock(token) {
        await using socket = await connect(server.url)
        socket.sendRaw(JSON.stringify({ hello: { token } }))
        return await verdict(socket, 'welcome')
      },
    },
    {
      name: 'a renewal on an open socket',
      async knock(token) {
        await using socket = await connect(server.url)
        await socket.hello(insider.token)
        socket.sendRaw(JSON.stringify({ auth: token }))
        return await verdict(socket, 'auth')
      },
    },
    {
      name: 'an older API',
      async knock(token) {
        if (!fits(token)) return null
        const path = '/django-realtime-chat-api/api/chat/history/global/'
        return status((await api.ask('GET', path, { headers: { authorization: `Bearer ${token}` } })).status)
      },
    },
    {
      name: 'an older socket',
      async knock(token) {
        if (token.length > limits.token_chars || !token.isWellFormed()) return null
        const code = await api.handshake(`/django-realtime-chat-api/ws/chat/global/?token=${encodeURIComponent(token)}`)
        return { passed: code === 101, code }
      },
    },
    {
      name: 'the native refresh',
      async knock(token) {
        const init = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ refresh_token: token }) }
        return status((await rest.raw('POST', '/api/v1/auth/refresh', init)).status)
      },
    },
  ]
}

async function verdict(socket: Awaited<ReturnType<typeof connect>>, kind: 'welcome' | 'auth'): Promise<Reply> {
  const passed = socket.next(kind).then(
    (): Reply => ({ passed: true, code: 0 }),
    () => null,
  )
  return await Promise.race([passed.then((reply) => reply ?? socket.closed.then(refused)), socket.closed.then(refused)])
}

const refused = ({ code }: { code: number }): Reply => ({ passed: false, code })

/** The refusals a door may answer a bad token with; anything else is a fault of ours. */
export const refusals = [400, 401, 403, 413, 414, 431, 4400, 4401, 4403]
