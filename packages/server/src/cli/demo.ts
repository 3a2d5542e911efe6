import type { Command } from './command.ts'
import { randomToken, systemRandom } from '../base/random.ts'
import { type Ask, withOperator } from './operator.ts'

const people = ['ada', 'grace', 'linus', 'margaret', 'alan', 'barbara'] as const

const rooms = [
  { name: 'general', title: 'General', topic: 'Whatever has no room of its own' },
  { name: 'music', title: 'Music', topic: 'What are you listening to?' },
  { name: 'help', title: 'Help', topic: 'Ask anything' },
]

const lines = [
  'Good morning everybody!',
  'Did anyone see the release notes?',
  'Yes, the resume works even after a week offline 🎉',
  'I killed the server three times and nothing was lost.',
  'Naïve question: where do I set the port?',
  'PORT=9000 npm start, or --port 9000.',
  'Thanks! 谢谢',
  'Who takes the next incident?',
  'I can, after lunch.',
  'Then I write the summary.',
]

/** Fills a server with people, rooms and messages to look at; running it again adds another round of messages. */
export const demo: Command = async ({ config, log }) => {
  const password = randomToken(systemRandom, 9)
  await withOperator({ config, log }, async (ask) => {
    const made = await makePeople(ask, password)
    const [first] = people
    for (const { name, title, topic } of rooms)
      await tolerate(ask, { as: first, op: 'rooms.create', in: { kind: 'public', name, title, description: topic } })
    let sent = 0
    for (const { name } of rooms) sent += await talk(ask, `name:${name}`)
    sent += await directs(ask)
    console.log(`${people.length} people, ${rooms.length} public rooms, ${sent} messages.`)
    console.log(
      made
        ? `Sign in as ${people.join(', ')}; the password is ${password}`
        : 'The people were here before; their passwords are as they were.',
    )
    console.log(`Try: npm start, then npx parlance chat --user ${first} --room general`)
  })
  return 0
}

async function makePeople(ask: Ask, password: string): Promise<boolean> {
  let made = false
  for (const username of people) made = (await tolerate(ask, { user: { username, password } })) || made
  return made
}

async function talk(ask: Ask, room: string): Promise<number> {
  for (const [i, content] of lines.entries()) await ask({ as: people[i % people.length], op: 'messages.send', in: { room, content } })
  return lines.length
}

async function directs(ask: Ask): Promise<number> {
  const [first, ...others] = people
  for (const other of others) {
    const { room } = (await ask({ as: first, op: 'rooms.direct', in: { user: `name:${other}` } })) as { room: { id: string } }
    await ask({ as: other, op: 'messages.send', in: { room: room.id, content: `Hi ${first}, it is ${other}.` } })
  }
  return others.length
}

/** What was made by an earlier run is fine; everything else is not. */
async function tolerate(ask: Ask, request: Record<string, unknown>): Promise<boolean> {
  try {
    await ask(request)
    return true
  } catch (error) {
    if (error instanceof Error && /Another (account|room)/.test(error.message)) return false
    throw error
  }
}
