import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The guide for those who write a client of their own. */
export const guide = await Bun.file(join(import.meta.dir, '../../../../docs/guides/protocol.md')).text()

/** A fenced block: ` ```json up hello ` has the language `json` and the words `up`, `hello`. */
export type Block = { language: string; words: string[]; text: string }

export const blocks: Block[] = [...guide.matchAll(/^( *)```(\w+)([^\n]*)\n(.*?)\n\1```$/gms)].map(
  ([, indent = '', language = '', words = '', text = '']) => ({
    language,
    words: words.trim().split(' '),
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }),
)

/** The rows of the table below that header, split into cells without their backticks. */
export function table(header: string): string[][] {
  const lines = guide.split('\n')
  const plain = (line: string) => line.replaceAll(/\s+/g, ' ')
  const from = lines.findIndex((line) => plain(line) === header)
  const rows = lines.slice(from + 2)
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
    )
}

/** The program of the guide as files beside each other, as it tells its readers; answers with the directory. */
export function writeProgram(): string {
  const directory = mkdtempSync(join(tmpdir(), 'parlance-guide-'))
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  for (const { language, words, text } of blocks) if (language === 'js') writeFileSync(join(directory, words[0] ?? ''), text)
  return directory
}
