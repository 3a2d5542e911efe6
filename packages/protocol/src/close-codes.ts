/**
 * Why a native socket or stream ends and what its client does next. `verdict`: `no` do not reconnect, `refresh` get a new token first,
 * `yes` reconnect at once with backoff, `after` reconnect after the told time.
 */
export const closeCodes = {
  4400: { name: 'bad_frame', verdict: 'no', text: 'A frame was not understood, or another one came before hello.' },
  4401: { name: 'auth', verdict: 'refresh', text: 'The token is invalid, expired or revoked, or no hello came in time.' },
  4403: { name: 'banned', verdict: 'no', text: 'This account may not connect.' },
  4404: {
    name: 'gone',
    verdict: 'no',
    text: 'The room of this stream is not yours to read, or not any more. Sockets do not end this way.',
  },
  4408: { name: 'slow', verdict: 'yes', text: 'The client did not read fast enough, or was silent too long.' },
  4429: { name: 'rate', verdict: 'after', text: 'Too many frames or connections.' },
  4503: { name: 'drain', verdict: 'after', text: 'The server is going away; reconnect with the jitter told in `bye`.' },
} as const

export type CloseCode = keyof typeof closeCodes
export type Verdict = (typeof closeCodes)[CloseCode]['verdict']

/** What to do after a close with any code, those of the WebSocket protocol included: 1006 and the like mean reconnect. */
export function verdictOf(code: number): Verdict {
  return code in closeCodes
    ? closeCodes[code as CloseCode].verdict
    : code === 1002 || code === 1003 || code === 1007 || code === 1009
      ? 'no'
      : 'yes'
}
