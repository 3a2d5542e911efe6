import { ChatError, type InputOf, type Message } from '@parlance/protocol'
import type { Clock } from '../../base/clock.ts'
import type { Actor } from '../../dispatch.ts'
import type { Addressee, MessageState, Person, RoomKey } from '../../live/bus.ts'
import { messageView } from '../../live/message-view.ts'
import { isSlowed, joinsByPosting, may } from '../../rules/permissions.ts'
import type { SendRequest, Store, Verdict } from '../../store/store.ts'
import type { ForwardRow } from '../../store/rows.ts'
import type { SendOutcome } from '../../store/writes.ts'
import type { Emit } from '../emit.ts'
import type { Refs } from '../refs.ts'
import { type Digest, noDigest } from './digests.ts'
import { checkBody, type Drafts, type Mention } from './drafts.ts'
import { addressedTo, messageState, peopleOf } from './neutral.ts'
import type { People } from './people.ts'
import { demand, type Standing } from './standings.ts'

type Input = InputOf<'messages.send'>
/** A text that was somebody's before: what makes a retry the same request, whose it was, or why it may not be sent. */
export type Copy =
  | { digest: Uint8Array; forward: Omit<ForwardRow, 'sender'> & { sender: Person } }
  | { digest: Uint8Array; refusal: ChatError }
/** `addressee`: whom the sender's door says the message is for. */
type Sender = { actor: Actor; input: Input; lane: object | null; addressee: Addressee | null; copy?: Copy }
type Deps = {
  store: Store
  clock: Clock
  newId: () => string
  digest: Digest
  refs: Refs
  people: People
  emit: Emit
  drafts: Drafts
}

/** A send in the queue. The outcome is wrapped, so that whoever prepares it can let the next one go before it is known. */
type Queued = Sender & { key: RoomKey; request: SendRequest; outcome: Promise<SendOutcome> }

/** The way of one message into the log. */
export type Sending = {
  /** Queues at once where everything needed is remembered; null where something must be read first. */
  begin(sender: Sender): Queued | null
  /** Reads what the message refers to, then queues. */
  prepare(sender: Sender): Promise<Queued>
  finish(queued: Queued): Promise<{ message: Message; dup: boolean }>
}

/** What was found wrong while preparing; the queue looks the cid up before it refuses. */
type Prepared = { key: RoomKey; mentions: Mention[]; root: string | null; standing: Standing; refusal: ChatError | null }

export function createSending({ store, clock, newId, digest, refs, people, emit, drafts }: Deps): Sending {
  /** Judges by what is true now, of the people mentioned as well. */
  const judgeNow = async (actor: Actor, input: Input): Promise<Verdict> => {
    const seen = await refs.look(actor, input.room)
    if (seen === undefined) throw new ChatError('not_found')
    const given = verdict(seen.standing)
    if (input.mentions?.length) await drafts.mentions(actor, seen, input.mentions)
    return given
  }

  const enqueue = (asked: Sender, prepared: Prepared): Queued => {
    const { actor, input, lane, copy } = asked
    const { meta = null } = checkBody(input)
    const { cid = null, content, mention_all = false, reply_to = null } = input
    const { key, mentions, root, standing, refusal } = prepared
    const addressee = asked.addressee ?? otherOfTwo(standing, actor)
    const request: SendRequest = {
      room: key.number,
      sender: actor.number,
      id: newId(),
      cid,
      digest:
        cid === null ? noDigest : (copy?.digest ?? digest([content, input.mentions ?? null, mention_all, input.meta ?? null, reply_to])),
      content,
      meta,
      mentions,
      mentionAll: mention_all,
      replyTo: reply_to,
      root,
      forward: copy !== undefined && 'forward' in copy ? { ...copy.forward, sender: copy.forward.sender.number } : null,
      addressee: addressee && addressee.person.id,
      at: clock.now(),
      lane,
      judge(fresh) {
        if (refusal !== null) throw refusal
        // A remembered standing can grant; whether to refuse is for the present one to say.
        if (!fresh && mayPost(standing)) return verdict(standing)
        return judgeNow(actor, input)
      },
    }
    return { actor, input, lane, addressee, ...(copy && { copy }), key, request, outcome: store.queue.send(request) }
  }

  return {
    begin(sender) {
      const { actor, input } = sender
      if (input.mentions?.length || input.reply_to !== undefined) return null
      const standing = refs.known(actor.number, input.room)
      if (standing === undefined) return null
      return enqueue(sender, { key: standing.room.key, mentions: [], root: null, standing, refusal: null })
    },

    async prepare(sender) {
      const { actor, input, copy } = sender
      const seen = await refs.look(actor, input.room)
      if (seen === undefined) throw new ChatError('not_found')
      const prepared: Prepared = { key: seen.standing.room.key, mentions: [], root: null, standing: seen.standing, refusal: null }
      try {
        verdict(seen.standing)
        if (copy !== undefined && 'refusal' in copy) throw copy.refusal
        if (input.mentions?.length) prepared.mentions = await drafts.mentions(actor, seen, input.mentions)
        if (input.reply_to !== undefined) prepared.root = await drafts.threadOf(actor, seen, input.reply_to)
      } catch (error) {
        if (!(error instanceof ChatError)) throw error
        prepared.refusal = error
      }
      return enqueue(sender, prepared)
    },

    async finish({ actor, input, copy, key, addressee, request, outcome: pending }) {
      const outcome = await pending
      const sender = { number: actor.number, id: actor.id, username: actor.username }
      if (outcome.status === 'known') {
        const person = await people.load(peopleOf(outcome.message))
        return { message: messageView(key.id, messageState(outcome.message, person, null)), dup: true }
      }
      if (outcome.status === 'conflict') throw new ChatError('cid_conflict')
      if (outcome.status === 'slow_mode') throw new ChatError('slow_mode', { retry_ms: outcome.retry_ms })
      if (outcome.status !== 'stored') throw new ChatError(outcome.status)
      const state: MessageState = {
        number: outcome.number,
        id: request.id,
        n: outcome.n,
        seq: outcome.seq,
        rev: outcome.seq,
        sender,
        cid: request.cid,
        content: request.content,
        meta: input.meta ?? null,
        mentions: request.mentions.map(({ id }) => id),
        mentionAll: request.mentionAll,
        replyTo: request.replyTo,
        root: request.root,
        forwarded: copy !== undefined && 'forward' in copy ? copy.forward : null,
        reactions: [],
        thread: null,
        pinnedAt: null,
        addressee,
        createdAt: request.at,
        editedAt: null,
        deletedAt: null,
      }
      // More than the message itself is the join it came with: what is remembered of the room is of before it.
      if (outcome.events.length > 1) refs.forget(key.id)
      emit.room(outcome.events, { key, person: () => sender, message: () => state, sharedAfter: 0 })
      emit.user(outcome.userEvents, key)
      return { message: messageView(key.id, state), dup: false }
    },
  }
}

const mayPost = (standing: Standing): boolean => may(standing, 'post')

function verdict(standing: Standing): Verdict {
  demand(standing, 'post')
  const { acl, slowMs } = standing.room
  return { acl, join: joinsByPosting(standing) ? 'member' : null, slowMs: slowMs !== null && isSlowed(standing) ? slowMs : null }
}

/** In a room of two the other one is meant. */
function otherOfTwo({ room: { pair } }: Standing, { number }: Actor): Addressee | null {
  const other = pair?.find((person) => person.number !== number)
  return other === undefined || !pair?.some((person) => person.number === number) ? null : addressedTo(other)
}
