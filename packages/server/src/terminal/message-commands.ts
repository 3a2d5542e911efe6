import { type Command, type Desk, fitting, messageAndText, shownRoom, UsageError } from './desk.ts'
import { roomLabel } from './screen.ts'

const reply: Command = {
  usage: '/reply <number> <text>',
  does: 'answer a message',
  run(desk, rest) {
    const { message, text } = messageAndText(desk, rest, reply.usage)
    if (text === '') throw new UsageError(`Usage: ${reply.usage}`)
    desk.send({ content: fitting(text), reply_to: message.id })
  },
}

const edit: Command = {
  usage: '/edit <number> <text>',
  does: 'change a message of yours',
  async run(desk, rest) {
    const { message, text } = messageAndText(desk, rest, edit.usage)
    if (text === '') throw new UsageError(`Usage: ${edit.usage}`)
    await desk.client.call('messages.edit', { room: message.room, message: message.id, content: fitting(text) })
  },
}

const remove: Command = {
  usage: '/delete <number>',
  does: 'delete a message',
  async run(desk, rest) {
    const { message } = messageAndText(desk, rest, remove.usage)
    await desk.client.call('messages.delete', { room: message.room, message: message.id })
  },
}

const react: Command = {
  usage: '/react <number> <emoji>',
  does: 'react to a message; again to take it back',
  async run(desk, rest) {
    const { message, text } = messageAndText(desk, rest, react.usage)
    if (text === '') throw new UsageError(`Usage: ${react.usage}`)
    const isMine = message.reactions?.some(({ emoji, mine }) => emoji === text && mine) ?? false
    await desk.client.call(isMine ? 'reactions.remove' : 'reactions.add', { room: message.room, message: message.id, emoji: text })
  },
}

const pin: Command = {
  usage: '/pin <number>',
  does: 'pin a message; again to unpin it',
  async run(desk, rest) {
    const { message } = messageAndText(desk, rest, pin.usage)
    await desk.client.call(message.pinned_at === undefined ? 'pins.add' : 'pins.remove', { room: message.room, message: message.id })
  },
}

const pins: Command = {
  usage: '/pins',
  does: 'the pinned messages of this room',
  async run(desk) {
    const { items } = await desk.client.call('pins.list', { room: shownRoom(desk).room.id })
    if (items.length === 0) desk.screen.notice('Nothing is pinned here.')
    for (const message of items) desk.screen.message(message, null)
  },
}

const thread: Command = {
  usage: '/thread <number>',
  does: 'a message and the replies to it',
  async run(desk, rest) {
    const { message } = messageAndText(desk, rest, thread.usage)
    const { room, id, root = id } = message
    const { items, next } = await desk.client.call('messages.thread', { room, message: id, limit: 100 })
    const first = root === id ? message : await firstOf(desk, room, root)
    for (const each of [...(first === null ? [] : [first]), ...items]) desk.screen.message(each, null)
    if (next !== null) desk.screen.notice('… and more')
  },
}

/** The beginning of a thread, unless it is not to be seen any more. */
async function firstOf({ client }: Desk, room: string, message: string) {
  return await client.call('messages.get', { room, message }).catch(() => null)
}

const forward: Command = {
  usage: '/forward <number> <room or @user>',
  does: 'send a message on',
  async run(desk, rest) {
    const { message, text } = messageAndText(desk, rest, forward.usage)
    if (text === '') throw new UsageError(`Usage: ${forward.usage}`)
    const to = await roomCalled(desk, text)
    await desk.client.call('messages.forward', { room: message.room, message: message.id, to, cid: crypto.randomUUID() })
    desk.screen.notice(`#${message.n} was sent on to ${text}`)
  },
}

/** By the name it is listed under here, or else by its name on the server. */
async function roomCalled({ client, directory }: Desk, name: string): Promise<string> {
  if (name.startsWith('@')) return (await client.call('rooms.direct', { user: `name:${name.slice(1)}` })).room.id
  const plain = name.replace(/^#/, '')
  return (await directory.list()).find((room) => roomLabel(room) === `#${plain}`)?.id ?? `name:${plain}`
}

const reads: Command = {
  usage: '/reads <number>',
  does: 'who has read a message',
  async run(desk, rest) {
    const { message } = messageAndText(desk, rest, reads.usage)
    const { items } = await desk.client.call('messages.reads', { room: message.room, message: message.id })
    if (items.length === 0) desk.screen.notice(`Nobody has read #${message.n} yet.`)
    desk.screen.lines(items.map(({ user, at }) => (at === null ? user.username : `${user.username}  ${new Date(at).toLocaleString()}`)))
  },
}

const expire: Command = {
  usage: '/expire <seconds or off>',
  does: 'let the messages of this room disappear',
  async run(desk, rest) {
    if (!/^(\d+|off)$/.test(rest)) throw new UsageError(`Usage: ${expire.usage}`)
    await desk.client.call('rooms.expiry', { room: shownRoom(desk).room.id, ttl_s: rest === 'off' ? null : Number(rest) })
  },
}

/** What can be done with messages, by the word after the slash. */
export const messageCommands: Record<string, Command> = {
  ...{ reply, edit, delete: remove },
  ...{ react, pin, pins, thread, forward, reads, expire },
}
