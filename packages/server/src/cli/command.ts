import type { Logger } from '../base/log.ts'
import type { Config } from '../config.ts'

/** One command; the answer is its exit code. `words` are the arguments that are no settings, `options` the command's own. */
export type Command = (context: { config: Config; log: Logger; words: string[]; options: Record<string, string | true> }) => Promise<number>
