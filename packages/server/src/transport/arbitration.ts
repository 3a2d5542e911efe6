import { ChatError } from '@parlance/protocol'
import type { Dialect, Handshake, Lobby, Login, RoomPath } from '../dialects/dialect.ts'

/** The path that the older APIs share. Whether it may lack its slash is for the one that is meant to say. */
const sharedPath = /^\/ws\/chat\/([^/]+)\/?$/

/** {x} of the shared path, or null for other paths. */
export function sharedRoom(path: string): string | null {
  const [, raw] = sharedPath.exec(path) ?? []
  if (raw === undefined) return null
  try {
    return decodeURIComponent(raw)
  } catch {
    return raw
  }
}

type Candidate = Pick<Dialect, 'name' | 'socket'>
type Able<D> = { dialect: D; at: RoomPath }
type Asked = Pick<Handshake, 'query' | 'headers'> & { x: string }

/**
 * Whom a handshake on the shared path is meant for, of the dialects that take part, in the order in which they are preferred; null where
 * none can be. What a token or a room says goes before the order: the API the token was issued at, then a token in the header, then the
 * room that {x} names, then what {x} looks like where the token proves nobody.
 */
export async function meantFor<D extends Candidate>(dialects: readonly D[], { x, query, headers }: Asked, lobby: Lobby): Promise<D | null> {
  const able = dialects.flatMap((dialect): Able<D>[] => {
    const at = dialect.socket?.roomPath
    return at?.x.test(x) ? [{ dialect, at }] : []
  })
  const inQuery = query.get('token') ?? ''
  const [, inHeader = ''] = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '') ?? []
  if (inQuery === '' && inHeader === '') return able.find(({ at }) => at.tokenless)?.dialect ?? null

  const issuers = [inQuery, inHeader].filter((token) => token !== '').map((token) => lobby.dialectOf(token))
  const issuer = able.find(({ dialect }) => issuers.includes(dialect.name))
  if (issuer !== undefined) return issuer.dialect
  const reading = inHeader === '' ? undefined : able.find(({ at }) => at.header)
  if (reading !== undefined) return reading.dialect
  const login = await loginOf(lobby, inQuery)
  const named = login === null ? able.find(({ at }) => at.room !== null) : await whereRoomIs(able, { x, login, lobby })
  return (named ?? able[0])?.dialect ?? null
}

/** Null for a token that proves nobody; a server that cannot tell says so. */
async function loginOf({ authenticate }: Lobby, token: string): Promise<Login | null> {
  try {
    return await authenticate(token)
  } catch (error) {
    if (error instanceof ChatError && error.status < 500) return null
    throw error
  }
}

async function whereRoomIs<D>(
  able: readonly Able<D>[],
  { x, login, lobby }: { x: string; login: Login; lobby: Lobby },
): Promise<Able<D> | undefined> {
  for (const one of able) {
    const refs = one.at.room === 'id' ? [x.toLowerCase()] : one.at.room === 'number' ? [Number(x)] : []
    const [room] = refs.length === 0 ? [] : await lobby.directory.rooms(login, refs)
    if (room !== undefined && (await mayRead(lobby, login, room.id))) return one
  }
  return undefined
}

async function mayRead(lobby: Lobby, login: Login, room: string): Promise<boolean> {
  try {
    await lobby.call(login, 'rooms.get', { room })
    return true
  } catch (error) {
    if (error instanceof ChatError && error.status < 500 && error.code !== 'rate_limited') return false
    throw error
  }
}
