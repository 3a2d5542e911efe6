import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asyncapi, errorsPage, openapi } from '@parlance/protocol'

const json = (document: object): string => `${JSON.stringify(document, null, 2)}\n`

/** The generated documents under docs/, by file name, as the catalog says they are. */
export const generated = (): Record<string, string> => ({
  'openapi.json': json(openapi()),
  'asyncapi.json': json(asyncapi()),
  'errors.md': errorsPage(),
})

/** Names of the files below `directory` that are not what the catalog says. */
export function drifted(directory: string): string[] {
  return Object.entries(generated()).flatMap(([name, text]) => (read(join(directory, name)) === text ? [] : [name]))
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes the documents, or with `--check` compares them and answers with the exit code. */
function main(args: string[]): number {
  const directory = join(import.meta.dir, '../../../docs')
  const stale = drifted(directory)
  if (args.includes('--check')) {
    for (const name of stale) console.error(`docs/${name} is not what the catalog says; run \`npm run docs\`.`)
    return stale.length === 0 ? 0 : 1
  }
  mkdirSync(directory, { recursive: true })
  const all = generated()
  for (const name of stale) writeFileSync(join(directory, name), all[name] ?? '')
  console.log(stale.length === 0 ? 'docs/ is up to date.' : `Wrote ${stale.map((name) => `docs/${name}`).join(', ')}.`)
  return 0
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2))
