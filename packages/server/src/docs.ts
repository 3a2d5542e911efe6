import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asyncapi, errorsPage, limits, openapi } from '@parlance/protocol'
import { flagOf, SETTINGS } from './config/settings.ts'

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

/** README.md with its tables of settings and limits as the code has them. */
function readmeOf(text: string): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  const settings = SETTINGS.map(({ name, default: value, description }) =>
    row([`\`${name}\``, `\`${flagOf(name)}\``, value === '' ? '' : `\`${value}\``, description]),
  )
  const bounds = Object.entries(limits).map(([name, value]) => row([`\`${name}\``, value.toLocaleString('en')]))
  const tables = {
    settings: [row(['environment', 'flag', 'default', '']), row(['---', '---', '---', '---']), ...settings],
    limits: [row(['limit', 'value']), row(['---', '---']), ...bounds],
  }
  return Object.entries(tables).reduce(
    (page, [name, lines]) =>
      page.replace(new RegExp(`<!-- ${name} -->[^]*<!-- /${name} -->`), `<!-- ${name} -->\n${lines.join('\n')}\n<!-- /${name} -->`),
    text,
  )
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
  const root = join(import.meta.dir, '../../..')
  const directory = join(root, 'docs')
  const stale = drifted(directory)
  const readme = read(join(root, 'README.md')) ?? ''
  const isReadmeStale = readmeOf(readme) !== readme
  if (args.includes('--check')) {
    for (const name of stale) console.error(`docs/${name} is not what the catalog says; run \`npm run docs\`.`)
    if (isReadmeStale) console.error('The tables of README.md are not what the code says; run `npm run docs`.')
    return stale.length === 0 && !isReadmeStale ? 0 : 1
  }
  mkdirSync(directory, { recursive: true })
  const all = generated()
  for (const name of stale) writeFileSync(join(directory, name), all[name] ?? '')
  if (isReadmeStale) writeFileSync(join(root, 'README.md'), readmeOf(readme))
  console.log(stale.length === 0 ? 'docs/ is up to date.' : `Wrote ${stale.map((name) => `docs/${name}`).join(', ')}.`)
  return 0
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2))
