import { ChatError, type OutputOf, type Profile } from '@parlance/protocol'
import type { Person, World } from './world.ts'

type Login = { person: Person; session: string; alive: boolean }

/** Log-ins and their tokens. Every access token lasts until it is expired by hand; a refresh token is good once. */
export class Accounts {
  readonly #world: World
  readonly #access = new Map<string, Login>()
  readonly #refresh = new Map<string, Login>()
  /** What answers say of the life of access tokens. */
  expiresIn = 900
  issued = 0
  /** Calls of `accounts.refresh`, refused ones included. */
  refreshes = 0

  constructor(world: World) {
    this.#world = world
  }

  register({ username, password }: { username: string; password: string }): OutputOf<'accounts.register'> {
    return this.#pair({ person: this.#world.addPerson(username, password), session: this.#world.id(), alive: true })
  }

  login({ username, password }: { username: string; password: string }): OutputOf<'accounts.login'> {
    const person = [...this.#world.people.values()].find((other) => other.username === username)
    if (person === undefined || person.password !== password) throw new ChatError('invalid_credentials')
    return this.#pair({ person, session: this.#world.id(), alive: true })
  }

  refresh(token: string | undefined): OutputOf<'accounts.refresh'> {
    this.refreshes += 1
    const login = this.#refresh.get(token ?? '')
    if (login === undefined || !login.alive) throw new ChatError('invalid_refresh')
    this.#refresh.delete(token ?? '')
    return this.#pair(login)
  }

  logout(token: string): void {
    const login = this.#access.get(token)
    if (login !== undefined) login.alive = false
  }

  /** Who a token stands for; throws as a door would. */
  bearer(token: string | null): Person {
    const login = this.#access.get(token ?? '')
    if (login === undefined || !login.alive) throw new ChatError(token === null ? 'unauthenticated' : 'token_expired')
    return login.person
  }

  /** Every access token given out so far is over; refresh tokens still work. */
  expireAll(): void {
    this.#access.clear()
  }

  /** Every login is over. */
  revokeAll(): void {
    for (const login of [...this.#access.values(), ...this.#refresh.values()]) login.alive = false
  }

  #pair(login: Login): OutputOf<'accounts.login'> {
    this.issued += 1
    const [access_token, refresh_token] = [`access-${this.issued}`, `refresh-${this.issued}`]
    this.#access.set(access_token, login)
    this.#refresh.set(refresh_token, login)
    const life = { expires_in: this.expiresIn, refresh_expires_in: 86_400 }
    return { user: profile(login.person), session: login.session, access_token, refresh_token, ...life }
  }
}

export const profile = ({ id, username }: Person): Profile => ({
  id,
  username,
  email: '',
  first_name: '',
  last_name: '',
  created_at: '2026-01-01T00:00:00.000Z',
})
