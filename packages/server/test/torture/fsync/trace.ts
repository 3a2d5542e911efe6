/** What a trace shows of sends: those whose acknowledgement left, and those of them that had not been synced by then. */
export type Judgement = { acknowledged: Set<string>; early: Set<string>; syncs: number }

/**
 * How a write and its acknowledgement are matched: by the cid, which is made so that no other text looks like it. SQLite writes it as it
 * is into the page of the message (and of the index over cids), and the page goes into the write-ahead log with pwrite64; the server
 * prints it into the frame `{"id":…,"ok":{"message":{…,"cid":"…"}}}`, which goes out with sendto. strace prints both buffers whole (-s)
 * and names files and sockets (-y).
 *
 * A cid is `written` when a write to the log that shows it has returned, and `synced` when an fsync of the log that was called after that
 * has returned 0. From then on, and no sooner, may any socket see it. A trace is in the order in which the tracer saw calls begin and end;
 * where threads overlap a line is cut in two, `<unfinished ...>` and `<... resumed>`, and a call counts as begun at the first, as done
 * at the second.
 */
export class TraceJudge {
  readonly judgement: Judgement = { acknowledged: new Set(), early: new Set(), syncs: 0 }
  readonly #cid: RegExp
  readonly #written = new Set<string>()
  readonly #synced = new Set<string>()
  /** Calls that have begun, by thread. */
  readonly #begun = new Map<string, string>()
  /** What an fsync under way will have made durable, by thread. */
  readonly #syncing = new Map<string, string[]>()
  /** The last frame of each socket, which may go on in the next call. */
  readonly #tails = new Map<string, string>()

  /** `cid` matches every cid of the run, and nothing else. */
  constructor(cid: RegExp) {
    this.#cid = new RegExp(cid.source, 'g')
  }

  line(text: string): void {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/s.exec(text) ?? []
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)
    if (resumed !== null) {
      const begun = this.#begun.get(thread)
      this.#begun.delete(thread)
      if (begun !== undefined) this.#done(thread, begun, rest)
      return
    }
    this.#begins(thread, rest)
    if (rest.endsWith('<unfinished ...>')) this.#begun.set(thread, rest)
    else this.#done(thread, rest, rest)
  }

  #begins(thread: string, call: string): void {
    if (isSync(call)) this.#syncing.set(thread, [...this.#written])
    else if (/^(sendto|sendmsg|write|writev)\(\d+<(socket|TCP)/.test(call)) this.#leaves(call)
  }

  #done(thread: string, call: string, end: string): void {
    if (/^p?writev?(64)?\(\d+<[^>]*-wal>/.test(call)) for (const cid of this.#cidsIn(call)) this.#written.add(cid)
    if (!isSync(call) || !end.trimEnd().endsWith('= 0')) return
    this.judgement.syncs += 1
    for (const cid of this.#syncing.get(thread) ?? []) {
      this.#synced.add(cid)
      this.#written.delete(cid)
    }
  }

  #leaves(call: string): void {
    const socket = /<[^>]*>/.exec(call)?.[0] ?? ''
    const text = `${this.#tails.get(socket) ?? ''}${call}`
    const frames = text.split(/(?=\{\\"(?:id\\":\d|(?:ev|log|uev)\\":))/)
    for (const frame of frames) {
      for (const cid of this.#cidsIn(frame)) {
        if (!this.#synced.has(cid)) this.judgement.early.add(cid)
        if (/^\{\\"id\\":\d+,\\"ok\\":/.test(frame)) this.judgement.acknowledged.add(cid)
      }
    }
    this.#tails.set(socket, (frames.at(-1) ?? '').slice(0, 8_192))
  }

  #cidsIn(text: string): string[] {
    return [...text.matchAll(this.#cid)].map(([cid]) => cid)
  }
}

const isSync = (call: string): boolean => /^(fsync|fdatasync)\(\d+<[^>]*-wal>/.test(call)
