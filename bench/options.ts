import { parseArgs } from 'node:util'

const usage = `Usage: npm run bench -- [options]
  --only NAME,…   measure only these claims (see --list)
  --runs N        runs of each contender, alternating; the median counts (default 5)
  --seconds N     how long one run is measured (default 5)
  --quick         a short form: 1 run of 2 seconds, fewer idle connections; good to see that all works, not to quote
  --dir PATH      where databases are written (default: a directory of its own under the system's temporary one)
  --json          one JSON document on standard output instead of the table
  --strict        exit with 1 when a goal is missed
  --list          name the claims
  --help          this text`

export type Options = {
  only: string[]
  runs: number
  seconds: number
  quick: boolean
  dir: string | undefined
  json: boolean
  strict: boolean
  list: boolean
}

const positive = (value: string | undefined, fallback: number, name: string) => {
  const number = value === undefined ? fallback : Number(value)
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} wants a whole number from 1, not ${value}`)
  return number
}

/** Reads the command line; explains itself and ends on a mistake. */
export function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: 'string' },
        runs: { type: 'string' },
        seconds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        dir: { type: 'string' },
        json: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    return {
      ...values,
      dir: values.dir,
      only: values.only?.split(',') ?? [],
      runs: positive(values.runs, values.quick ? 1 : 5, 'runs'),
      seconds: positive(values.seconds, values.quick ? 2 : 5, 'seconds'),
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}
