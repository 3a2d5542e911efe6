import type { DownFrame } from '@parlance/protocol'

/** A frame from the server with its kind. */
export type Incoming = { [K in keyof DownFrame]: { kind: K; frame: DownFrame[K] } }[keyof DownFrame]

const kinds = [
  'ev',
  'head',
  'log',
  'uev',
  'ulog',
  'opened',
  'refused',
  'heads',
  'ready',
  'reset',
  'welcome',
  'auth',
  'bye',
  'pong',
] as const

const ephemera = ['typing', 'receipt', 'floor', 'presence'] as const

/**
 * Reads one frame. Null is a frame that this version does not know, which is ignored; what is not a JSON object throws, because a peer
 * that sends it is not speaking this protocol.
 */
export function readFrame(text: string): Incoming | null {
  const frame: unknown = JSON.parse(text)
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) throw new SyntaxError('a frame is a JSON object')
  const kind = kindOf(frame)
  return kind === null ? null : ({ kind, frame } as Incoming)
}

function kindOf(frame: object): keyof DownFrame | null {
  if ('id' in frame) return 'ok' in frame ? 'ok' : 'err' in frame ? 'err' : null
  if ('eph' in frame) return ephemera.find((kind) => kind === frame.eph) ?? null
  return kinds.find((kind) => kind in frame) ?? null
}
