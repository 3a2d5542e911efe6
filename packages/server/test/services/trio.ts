import type { InputOf, Room } from '@parlance/protocol'
import { openWorld, type Somebody, type World } from './world.ts'

type Terms = Partial<InputOf<'rooms.create'>>

/** A world with three people, and short ways to rooms that `ada` makes. */
export type Trio = {
  world: World
  ada: Somebody
  bob: Somebody
  eve: Somebody
  /** With `bob` unless told otherwise. */
  group(members?: readonly Somebody[], terms?: Terms): Promise<Room>
  publicRoom(policy?: Terms['policy']): Promise<Room>
}

export async function openTrio(): Promise<Trio> {
  const world = await openWorld()
  const [ada, bob, eve] = [await world.somebody('ada'), await world.somebody('bob'), await world.somebody('eve')]
  const make = async (terms: InputOf<'rooms.create'>) => (await ada.ask('rooms.create', terms)).room
  let names = 0
  return {
    world,
    ada,
    bob,
    eve,
    group: (members = [bob], terms = {}) =>
      make({ kind: 'group', title: 'A group', members: members.map(({ actor }) => actor.id), ...terms }),
    publicRoom: (policy = {}) => make({ kind: 'public', name: `public ${(names += 1)}`, policy }),
  }
}
