import { ChatError, errors } from '@parlance/protocol'
import { type Backoff, backoffDelay } from './backoff.ts'
import { emptyFeed, type Feed, type FeedInput, type FeedRules, type Page, step } from './feed.ts'
import type { Platform } from './platform.ts'

type LogReaderDeps<E> = {
  /** The log after a position, from the connection that is there now. */
  request(after: number): Promise<Page<E>>
  rules(): FeedRules
  applied(event: E): void
  /** Events were left out on purpose. */
  skipped(): void
  platform: Pick<Platform, 'setTimeout' | 'clearTimeout' | 'random'>
  backoff: Backoff
}

/** The least pause before a log is asked again that gave nothing. */
const pause = 250

/** One log as it is followed: a feed, and the one request it may have under way. */
export class LogReader<E> {
  readonly #deps: LogReaderDeps<E>
  #feed: Feed<E> = emptyFeed
  /** Rises whenever the present request no longer counts. */
  #asked = 0
  #failures = 0
  #timer: unknown = null

  constructor(deps: LogReaderDeps<E>) {
    this.#deps = deps
  }

  get local(): number | null {
    return this.#feed.local
  }

  take(input: FeedInput<E>): void {
    const before = this.#feed
    const { feed, applied, ask, skipped } = step(before, input, this.#deps.rules())
    // The state stands before anybody is told, so that a listener who acts on the client finds it consistent.
    this.#feed = feed
    if (before.filling && !feed.filling) this.#forget()
    for (const event of applied) this.#deps.applied(event)
    if (skipped) this.#deps.skipped()
    if (ask !== null && this.#feed.filling) this.#ask(ask)
  }

  /** Looks again whether something is missing, after what decides it has changed. */
  review(): void {
    this.take({ kind: 'head', at: this.#feed.head })
  }

  /** As if nothing had ever been heard of this log. */
  reset(): void {
    this.#forget()
    this.#feed = emptyFeed
  }

  #ask({ after, later }: { after: number; later: boolean }): void {
    this.#forget()
    const asked = this.#asked
    if (!later) {
      this.#failures = 0
      this.#request(after, asked)
      return
    }
    const wait = pause + backoffDelay(this.#failures, this.#deps.backoff, () => this.#deps.platform.random())
    this.#failures += 1
    this.#timer = this.#deps.platform.setTimeout(() => this.#request(this.#feed.local ?? after, asked), wait)
  }

  #request(after: number, asked: number): void {
    this.#deps.request(after).then(
      (page) => {
        if (asked === this.#asked) this.take({ kind: 'page', page, answer: true })
      },
      (error: unknown) => {
        const definite = error instanceof ChatError && errors[error.code].retry === 'no'
        if (asked === this.#asked) this.take({ kind: 'failed', definite })
      },
    )
  }

  #forget(): void {
    this.#asked += 1
    this.#deps.platform.clearTimeout(this.#timer)
  }
}
