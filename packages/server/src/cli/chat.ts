import type { Command } from './command.ts'
import { runChat } from '../terminal/chat.ts'

/** `chat [--url URL] [--user NAME] [--room NAME]` */
export const chat: Command = ({ config, options }) => {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  return runChat({
    url: text('url') ?? `http://127.0.0.1:${config.port}`,
    user: text('user'),
    room: text('room'),
    input: process.stdin,
    output: process.stdout,
  })
}
