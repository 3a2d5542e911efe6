import { type Command, type Desk, fitting, shownRoom, UsageError } from './desk.ts'
import { messageCommands } from './message-commands.ts'
import { roomLabel } from './screen.ts'

const rooms: Command = {
  usage: '/rooms',
  does: 'your rooms, with what is unread',
  async run({ client, screen, directory }) {
    const list = await directory.list()
    const marks = new Map(client.marks.map((mark) => [mark.room, mark.unread]))
    if (list.length === 0) screen.notice('You are in no room yet. /create <name> makes one, /browse lists the public ones.')
    screen.lines(
      list.map((room) => {
        const unread = marks.get(room.id) ?? room.me?.unread ?? 0
        return `${roomLabel(room)}${unread > 0 ? `  ${unread} unread` : ''}`
      }),
    )
  },
}

const browse: Command = {
  usage: '/browse [part of a name]',
  does: 'public rooms',
  async run({ client, screen }, rest) {
    const { items } = await client.call('rooms.browse', { limit: 50, ...(rest !== '' && { query: rest }) })
    if (items.length === 0) screen.notice('There is no such public room.')
    screen.lines(items.map((room) => `${roomLabel(room)}  ${room.members} ${room.members === 1 ? 'member' : 'members'}`))
  },
}

const join: Command = {
  usage: '/join <name>',
  does: 'show a room of yours or a public one',
  async run(desk, rest) {
    const name = rest.replace(/^#/, '')
    if (name === '') throw new UsageError(`Usage: ${join.usage}`)
    if (name.startsWith('@')) return dm.run(desk, name)
    const mine = (await desk.directory.list()).find((room) => roomLabel(room) === `#${name}`)
    await desk.show(mine ?? (await desk.directory.find(`name:${name}`)))
  },
}

const dm: Command = {
  usage: '/dm <user>',
  does: 'talk to one person',
  async run(desk, rest) {
    const name = rest.replace(/^@/, '')
    if (name === '') throw new UsageError(`Usage: ${dm.usage}`)
    const { room } = await desk.client.call('rooms.direct', { user: `name:${name}` })
    await desk.show(desk.directory.add(room))
  },
}

const create: Command = {
  usage: '/create <name> [user …]',
  does: 'make a public room, or with names a private group of these people',
  async run(desk, rest) {
    const [name = '', ...people] = rest.split(/\s+/)
    if (name === '') throw new UsageError(`Usage: ${create.usage}`)
    const kind = people.length === 0 ? 'public' : 'group'
    const members = people.map((person) => `name:${person.replace(/^@/, '')}`)
    const { room } = await desk.client.call('rooms.create', { kind, name: name.replace(/^#/, ''), ...(members.length > 0 && { members }) })
    await desk.show(desk.directory.add(room))
  },
}

const leave: Command = {
  usage: '/leave',
  does: 'leave the room shown',
  async run(desk) {
    await desk.client.call('rooms.leave', { room: shownRoom(desk).room.id })
  },
}

const who: Command = {
  usage: '/who',
  does: 'the members of this room, and who is online',
  async run(desk) {
    const { items, next } = await desk.client.call('members.list', { room: shownRoom(desk).room.id, limit: 100 })
    const presence = await desk.client.call('presence.get', { users: items.map(({ user }) => user.id) })
    const status = new Map(presence.items.map((each) => [each.user, each.status]))
    desk.screen.lines(
      items.map(({ user, role }) =>
        [user.username, role === 'member' ? '' : role, status.get(user.id) ?? ''].filter((part) => part !== '').join('  '),
      ),
    )
    if (next !== null) desk.screen.notice('… and more')
  },
}

const history: Command = {
  usage: '/history',
  does: 'earlier messages; again for more',
  run: (desk) => shownRoom(desk).earlier(),
}

const help: Command = {
  usage: '/help',
  alone: true,
  does: 'this list',
  run({ screen }) {
    const all = new Set(Object.values(commands))
    const width = Math.max(...[...all].map(({ usage }) => usage.length))
    screen.lines([...all].map(({ usage, does }) => `${usage.padEnd(width)}  ${does}`))
    screen.notice('Anything else you type is sent to the room shown. // at the beginning sends a text that begins with /.')
  },
}

const quit: Command = { usage: '/quit', does: 'leave', alone: true, run: (desk) => desk.quit() }

const commands: Record<string, Command> = { rooms, browse, join, dm, create, leave, who, history, ...messageCommands, help, quit }

/** Whether a line is sent as it is, rather than obeyed; two slashes stand for one. */
export const isMessage = (line: string): boolean => line.trim() !== '' && (!line.startsWith('/') || line.startsWith('//'))

/** What a typed line means: a command, or a message to the room shown. */
export async function perform(desk: Desk, line: string): Promise<void> {
  if (line.trim() === '') return
  if (isMessage(line)) {
    shownRoom(desk)
    desk.send({ content: fitting(line.replace(/^\/\//, '/')) })
    return
  }
  const [, name = '', rest = ''] = /^\/(\S*)\s*([^]*)$/.exec(line) ?? []
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new UsageError(`There is no /${name}. /help lists what there is.`)
  if (command.alone) await command.run(desk, rest.trim())
  else await whileConnected(desk, async () => command.run(desk, rest.trim()))
}

/** A command is not waited for beyond its connection: the next line must not hang on it. */
async function whileConnected({ client }: Desk, action: () => Promise<void>): Promise<void> {
  if (client.status.state !== 'ready') throw new UsageError('Not connected now. What you send is kept; commands have to wait.')
  const lost = Promise.withResolvers<never>()
  const off = client.on('status', () => lost.reject(new UsageError('The connection was lost meanwhile. Try again.')))
  try {
    await Promise.race([action(), lost.promise])
  } finally {
    off()
  }
}
