/**
 * What an original answered, step by step. In paths, bearers, headers and bodies `{name}` stands for a value kept from an earlier answer,
 * `"{number name}"` in a body for the number it is; in what was answered, `<JWT>` stands for any token.
 */
export type Recording = {
  system: string
  /** Keys whose numbers and texts are identities: they differ from run to run, and the same one stays the same within a run. */
  ids: string[]
  /** What the numbers under a key are the identities of, where one number may stand for several things. A step may know better. */
  kinds?: Kinds
  steps: Step[]
}

export type Kinds = Record<string, string>

export type Step = PersonStep | HttpStep | ClaimsStep | ConnectStep | SendStep | ReceiveStep | CloseStep

/** Somebody made by other means than the API's. Their number is kept as `<name>.id`. */
export type PersonStep = { kind: 'person'; title: string; name: string; username: string; email: string; password: string; id: number }

export type HttpStep = {
  kind: 'http'
  title: string
  method: string
  path: string
  bearer?: string
  body?: unknown
  /** A body that is no JSON. */
  text?: string
  /** `headers` are those worth comparing. */
  response: { status: number; type: string; headers: Record<string, string>; body: unknown }
  /** Values of the answer's body (by pointer) that later steps refer to. */
  keeps?: Record<string, string>
  kinds?: Kinds
}

export type ClaimsStep = { kind: 'claims'; title: string; token: string; claims: Record<string, unknown> }

/** `result` is `open`, or the status of the refused handshake. */
export type ConnectStep = {
  kind: 'connect'
  title: string
  socket: string
  path: string
  headers?: Record<string, string>
  result: 'open' | number
}

export type SendStep = { kind: 'send'; title: string; socket: string; json?: object; text?: string; binary?: string }

/** Everything the socket got since it was last looked at. */
export type ReceiveStep = {
  kind: 'receive'
  title: string
  socket: string
  frames: unknown[]
  closed: { code: number; reason: string } | null
}

export type CloseStep = { kind: 'close'; title: string; socket: string }

/**
 * A place where we answer otherwise than the original, and why. `at` is a pointer into the step's outcome, `*` in it any one part. What is
 * `undefined` on one side is not there. Times, identities and tokens are written as their masks: `<iso time>`, `<id>`, `<token>`.
 */
export type Difference = {
  /** The step's title; absent: any step. */
  step?: string
  at: string
  recorded: unknown
  ours: unknown
  /** The sentence of the contract, or the rule of ours, that decides it. */
  because: string
}
