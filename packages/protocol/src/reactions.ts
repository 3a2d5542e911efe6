import { event, operation } from './define.ts'
import { changed } from './messages.ts'
import { Closed, Emoji, Id, Page, Position, pageInput, RoomRef, type Static, Timestamp, Type, UserBrief } from './schema.ts'

/** One person's reaction. */
export const Reaction = Closed({ user: UserBrief, emoji: Emoji, at: Timestamp })
export type Reaction = Static<typeof Reaction>

const one = { room: RoomRef, message: Id }

/** How a message stands with one emoji after the request. */
const Standing = Closed({
  rev: Position('The `rev` of the message now.'),
  emoji: Emoji,
  count: Type.Integer({ minimum: 0 }),
  mine: Type.Boolean(),
})

export const reactions = {
  'reactions.add': operation({
    summary: 'React to a message',
    description: 'Reacting again in the same way changes nothing. For members.',
    auth: 'user',
    rate: 'send',
    method: 'POST',
    path: '/rooms/{room}/messages/{message}/reactions',
    status: 200,
    in: Closed({ ...one, emoji: Emoji }),
    out: Standing,
    errors: ['not_found', 'forbidden', 'message_deleted', 'too_many_reactions', 'overloaded'],
  }),
  'reactions.remove': operation({
    summary: 'Take your reaction back',
    description: 'Without such a reaction nothing changes.',
    auth: 'user',
    rate: 'send',
    method: 'DELETE',
    path: '/rooms/{room}/messages/{message}/reactions',
    status: 200,
    in: Closed({ ...one, emoji: Emoji }),
    out: Standing,
    errors: ['not_found', 'forbidden', 'message_deleted', 'overloaded'],
  }),
  'reactions.list': operation({
    summary: 'Who reacted to a message',
    description: 'The earliest first; with `emoji`, in this way only.',
    auth: 'user',
    rate: 'read',
    method: 'GET',
    path: '/rooms/{room}/messages/{message}/reactions',
    status: 200,
    in: Closed({ ...one, emoji: Type.Optional(Emoji), ...pageInput }),
    out: Page(Reaction),
    errors: ['not_found', 'invalid_cursor'],
  }),
}

const reaction = {
  ...changed,
  user: UserBrief,
  emoji: Emoji,
  count: Type.Integer({ minimum: 0, description: 'So many react in this way now.' }),
}

export const reactionEvents = {
  'reaction.added': event({ scope: 'room', summary: 'Somebody reacted to a message.', data: Closed(reaction) }),
  'reaction.removed': event({ scope: 'room', summary: 'Somebody took a reaction back.', data: Closed(reaction) }),
}
