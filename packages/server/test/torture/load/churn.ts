import { ChatError, type ErrorCode } from '@parlance/protocol'
import type { History } from '../history.ts'
import type { Random } from '../random.ts'
import type { LoadClient } from './client.ts'
import type { Crew } from './crew.ts'
import type { Traffic } from './traffic.ts'
import type { World, WorldRoom } from './world.ts'

export type ChurnDeps = { world: World; crew: Crew; traffic: Traffic; history: History; random: Random; fault(text: string): void }

const sendsAtRemoval = 4

/** In every room one member comes and goes, by their own will or the keeper's. A change in doubt is made again until it is certain. */
export class Churn {
  changes = 0
  readonly #deps: ChurnDeps
  #ended = false
  #loops: Promise<void>[] = []

  constructor(deps: ChurnDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#loops = this.#deps.world.rooms.map((room) =>
      this.#visits(room).catch((error: unknown) => this.#deps.fault(`membership in ${room.id}: ${String(error)}`)),
    )
  }

  /** Settles when every visitor is a member again. */
  async end(): Promise<void> {
    this.#ended = true
    await Promise.all(this.#loops)
  }

  /** Cuts the connection of somebody now and then; they come back at once and resume in the middle of the traffic. */
  cutSomebody(): void {
    const { crew, random } = this.#deps
    const client = random.pick(crew.people)
    if (client.isReady) client.cut()
  }

  async #visits(room: WorldRoom): Promise<void> {
    const { crew, traffic, random } = this.#deps
    const visitor = crew.people.find(({ person }) => person.id === room.visitor.id)
    if (visitor === undefined) throw new Error('the visitor is nobody of the crew')
    const { id: user } = visitor.person
    while (!this.#ended) {
      await Bun.sleep(random.integer(150, 600))
      const leave = { room, change: 'leave' } as const
      if (random.chance(0.6)) {
        const removal = this.#make(crew.keeper, leave, () => crew.keeper.call('members.remove', { room: room.id, user }))
        // What the visitor sends at the same moment is either before the removal in the log or refused.
        for (let i = 0; i < sendsAtRemoval; i += 1) traffic.sendInto(visitor, room)
        await removal
      } else await this.#make(visitor, leave, () => visitor.call('rooms.leave', { room: room.id }))
      await Bun.sleep(random.integer(20, 150))
      if (room.kind === 'public') await this.#make(visitor, { room, change: 'enter' }, () => visitor.call('rooms.join', { room: room.id }))
      else await this.#make(crew.keeper, { room, change: 'enter' }, () => crew.keeper.call('members.add', { room: room.id, user }))
    }
  }

  async #make(
    actor: LoadClient,
    { room, change }: { room: WorldRoom; change: 'enter' | 'leave' },
    call: () => Promise<unknown>,
  ): Promise<void> {
    /** Known to be so already: an earlier try did it. */
    const done: ErrorCode[] = change === 'leave' ? ['not_found', 'forbidden'] : []
    for (let tries = 0; ; tries += 1) {
      while (!actor.isReady) await Bun.sleep(5)
      this.#deps.history.note(
        { user: actor.person.id, conn: actor.conn },
        { kind: 'change', room: room.id, subject: room.visitor.id, change },
      )
      try {
        await call()
        this.changes += 1
        return
      } catch (error) {
        if (!(error instanceof ChatError)) continue
        if (tries > 0 && done.includes(error.code)) return
        throw error
      }
    }
  }
}
