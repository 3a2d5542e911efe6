import { ChatError, type Client, type ClientOptions, createClient } from '@parlance/client'
import type { Room } from '@parlance/protocol'
import { isMessage, perform } from './commands.ts'
import { type Desk, UsageError } from './desk.ts'
import { Directory } from './directory.ts'
import { News } from './news.ts'
import { type Input, type Output, Prompt } from './prompt.ts'
import { RoomView } from './room-view.ts'
import { Screen } from './screen.ts'
import { type Credentials, failure, signIn } from './sign-in.ts'

export type ChatOptions = Credentials & {
  url: string
  /** The room to begin in; made as a public one if there is none of that name. */
  room?: string | undefined
  input: Input
  output: Output
  /** More for the client, such as its timing. */
  client?: Partial<ClientOptions>
}

/** Longest wait, at the end, for messages that are still on their way. */
const farewell = 10_000
const typingEvery = 3000

/**
 * The terminal client: signs in, shows rooms, sends what is typed. Works on a terminal and on pipes. Resolves with the exit code when
 * the person leaves, the input ends, or the server will not have us.
 *
 * @example
 * process.exitCode = await runChat({ url: 'http://127.0.0.1:8000', user: 'alice', input: process.stdin, output: process.stdout })
 */
export async function runChat({ url, user, password, room, input, output, client: more }: ChatOptions): Promise<number> {
  const prompt = new Prompt(input, output, isMessage)
  const screen = new Screen(prompt)
  try {
    if (!URL.canParse(url)) throw new UsageError(`"${url}" is not the address of a server, such as http://127.0.0.1:8000`)
    await using client = createClient({ ...more, url, client: 'parlance-chat/0.1' })
    if (!(await signIn({ client, prompt, screen }, { user, password }))) return 1
    const chat = new Chat(client, screen)
    prompt.onTyping((text) => chat.typing(text))
    return await chat.run(prompt, room)
  } catch (error) {
    screen.warning(error instanceof Error ? failure(error) : String(error))
    return 1
  } finally {
    prompt.close()
  }
}

/** One signed-in person at one terminal. */
class Chat implements Desk {
  readonly client: Client
  readonly screen: Screen
  readonly directory: Directory
  view: RoomView | null = null
  readonly #ended = Promise.withResolvers<number>()
  #sayTyping = true

  constructor(client: Client, screen: Screen) {
    this.client = client
    this.screen = screen
    this.directory = new Directory(client)
  }

  async run(prompt: Prompt, room: string | undefined): Promise<number> {
    using _news = new News(this, () => this.#ended.resolve(1))
    this.client.connect()
    await this.client.ready()
    this.screen.notice(`signed in as ${this.client.user?.username ?? ''}. /help lists the commands.`)
    await this.#attempt(() => (room === undefined ? perform(this, '/rooms') : this.#begin(room.replace(/^#/, ''))))
    void this.#readLines(prompt)
    return await this.#ended.promise
  }

  async show(room: Room): Promise<void> {
    const former = this.view
    const view = new RoomView(this.client, this.screen, room)
    this.screen.notice(`— ${view.label} —`)
    this.view = view
    try {
      await view.open()
    } catch (error) {
      this.view = former
      throw error
    }
    if (former !== null && former.room.id !== room.id) this.client.close(former.room.id)
    this.client.watch(room.peer === null ? [] : [room.peer.id])
    this.place()
  }

  close(reason: string): void {
    this.screen.notice(reason)
    this.view = null
    this.client.watch([])
    this.place()
  }

  place(): void {
    this.screen.place(this.view?.label ?? null, this.directory.unreadOutside(this.view?.room.id ?? null))
  }

  send(draft: { content: string; reply_to?: string }): void {
    const room = this.view?.room.id
    if (room === undefined) return
    this.client.send(room, draft).catch((error: unknown) => {
      this.screen.warning(`not sent: ${beginning(draft.content)} — ${error instanceof Error ? failure(error) : String(error)}`)
    })
    this.#sayTyping = true
  }

  quit(): void {
    void this.#leave()
  }

  /** Tells the room that something is being written: at most every few seconds, and not for commands. */
  typing(text: string): void {
    const room = this.view?.room
    if (text.startsWith('/') || room === undefined || room.large || !this.#sayTyping) return
    if (this.client.status.state !== 'ready') return
    this.#sayTyping = false
    setTimeout(() => {
      this.#sayTyping = true
    }, typingEvery)
    this.client.call('rooms.typing', { room: room.id }).catch(() => undefined)
  }

  async #readLines(prompt: Prompt): Promise<void> {
    for (;;) {
      const line = await prompt.line()
      if (line === null) break
      await this.#attempt(() => perform(this, line))
    }
    await this.#leave()
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      if (error instanceof UsageError) this.screen.notice(error.message)
      else this.screen.warning(error instanceof Error ? failure(error) : String(error))
    }
  }

  /** Opens the room asked for at the start, or makes it: two people who name the same room meet whoever comes first. */
  async #begin(name: string): Promise<void> {
    const find = () => this.directory.find(`name:${name}`)
    const room = await find().catch(async (error: unknown) => {
      if (!(error instanceof ChatError && error.code === 'not_found')) throw error
      try {
        return this.directory.add((await this.client.call('rooms.create', { kind: 'public', name })).room)
      } catch (second) {
        if (second instanceof ChatError && second.code === 'name_taken') return find()
        throw second
      }
    })
    await this.show(room)
  }

  /** Ends once everything typed has arrived, or when it takes too long. */
  async #leave(): Promise<void> {
    const deadline = setTimeout(() => this.#ended.resolve(this.#unsent()), farewell)
    const look = () => {
      if (this.client.unsent.length === 0) this.#ended.resolve(0)
    }
    const off = this.client.on('outbox', look)
    look()
    await this.#ended.promise
    off()
    clearTimeout(deadline)
  }

  #unsent(): number {
    for (const { input } of this.client.unsent) this.screen.warning(`not sent: ${beginning(input.content)}`)
    return 1
  }
}

/** Enough of a message to know it by. */
const beginning = (content: string) => (content.length > 60 ? `${content.slice(0, 60)}…` : content)
