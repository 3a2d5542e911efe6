import { type DownFrame, down, type ErrorCode, type Fault, type TSchema } from '@parlance/protocol'
import { Compile } from 'typebox/compile'

type Validator = ReturnType<typeof Compile>

const compiled = new Map<TSchema, Validator>()

/** The server said something that the published schemas do not allow. */
export class Unpublished extends Error {
  constructor(what: string, faults: string[], value: unknown) {
    super(`${what} is not what is published: ${faults.slice(0, 5).join('; ')}\nin ${JSON.stringify(value)?.slice(0, 2_000)}`)
    this.name = 'Unpublished'
  }
}

/** The server refused with a code of the table; `status` is 0 on the socket. */
export class Refused extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly detail: string
  readonly retryMs: number | undefined
  readonly faults: Fault[]

  constructor(what: string, said: { code: ErrorCode; detail: string; status?: number; retry_ms?: number; errors?: Fault[] }) {
    super(`${what} was refused: ${said.code} (${said.detail})`)
    this.name = 'Refused'
    this.code = said.code
    this.status = said.status ?? 0
    this.detail = said.detail
    this.retryMs = said.retry_ms
    this.faults = said.errors ?? []
  }
}

/** Throws unless the value fits the schema as it is written, closed: a field that is not published is a fault. */
export function checkAgainst(schema: TSchema, value: unknown, what: string): void {
  let validator = compiled.get(schema)
  if (!validator) {
    validator = Compile(schema)
    compiled.set(schema, validator)
  }
  if (validator.Check(value)) return
  throw new Unpublished(
    what,
    validator.Errors(value).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`),
    value,
  )
}

export type DownKind = keyof DownFrame
/** A frame of the server with the name under which protocol's `down` has it. */
export type Seen = { [K in DownKind]: { kind: K; frame: DownFrame[K] } }[DownKind]

/** Schemas of one event each: the union would explain a fault badly. */
const eventFrames = new Map(
  [down.ev, down.uev].flatMap((union) =>
    (union as unknown as { anyOf: (TSchema & { properties: Record<string, { const?: string }> })[] }).anyOf.map(
      (schema): [string, TSchema] => {
        const key = schema.properties.ev ? 'ev' : 'uev'
        return [`${key} ${schema.properties[key]?.const}`, schema]
      },
    ),
  ),
)

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Which frame it is, by its first key as the protocol says, and the schema it has to fit. */
function identify(frame: Record<string, unknown>): { kind: string; schema: TSchema | undefined } {
  const [first = '', second = ''] = Object.keys(frame)
  if (first === 'ev' || first === 'uev') return { kind: first, schema: eventFrames.get(`${first} ${String(frame[first])}`) }
  const kind = first === 'id' ? second : first === 'eph' ? String(frame.eph) : first
  const known = Object.hasOwn(down, kind) && (first === 'id') === (kind === 'ok' || kind === 'err')
  return { kind, schema: known ? down[kind as DownKind] : undefined }
}

/** The frame of the server in this text, checked. */
export function readFrame(text: string): Seen {
  const frame: unknown = JSON.parse(text)
  if (!isObject(frame)) throw new Unpublished('a frame', ['not an object'], frame)
  const { kind, schema } = identify(frame)
  if (schema === undefined) throw new Unpublished('a frame', [`unknown by its first key (${kind})`], frame)
  checkAgainst(schema, frame, `the frame ${kind}`)
  return { kind, frame } as Seen
}
