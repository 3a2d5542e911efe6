import { type Client, type ClientOptions, createClient, type Status } from '../../src/index.ts'
import { FakePeer } from './fake-peer.ts'
import type { Hall, Person } from './world.ts'

/** Short enough for tests, long enough that order is still decided by the code. */
export const quick = { stable_ms: 50, backoff: { base_ms: 5, cap_ms: 40 } }

/** See {@link scene}. */
export type Scene = AsyncDisposable & {
  peer: FakePeer
  alice: Person
  bob: Person
  /** A group of both. */
  hall: Hall
  /** Another client; it is closed with the scene. */
  client(options?: Partial<ClientOptions>): Client
  /** A client that is signed in as this person and ready. */
  connected(person: Person, options?: Partial<ClientOptions>): Promise<Client>
}

/** A peer with two people in a group. */
export function scene(): Scene {
  const peer = new FakePeer()
  const alice = peer.world.addPerson('alice', 'alice-password')
  const bob = peer.world.addPerson('bob', 'bob-password')
  const hall = peer.world.addHall(alice, 'group', { name: 'hall' })
  peer.world.join(hall, bob)
  const clients: Client[] = []
  const client = (options: Partial<ClientOptions> = {}) => {
    const made = createClient({ url: peer.url, ...options, timing: { ...quick, ...options.timing } })
    clients.push(made)
    return made
  }
  const connected = async (person: Person, options: Partial<ClientOptions> = {}) => {
    const made = client(options)
    await made.login(person.username, person.password)
    made.connect()
    await made.ready()
    return made
  }
  const dispose = async () => {
    for (const made of clients) await made[Symbol.asyncDispose]()
    await peer[Symbol.asyncDispose]()
  }
  return { peer, alice, bob, hall, client, connected, [Symbol.asyncDispose]: dispose }
}

/** Everything a client says of its status from now on. */
export function statuses(client: Client): Status[] {
  const seen: Status[] = []
  client.on('status', (status) => void seen.push(status))
  return seen
}
