import { createIssuer, type Issuer } from '../auth/issuer.ts'
import { KeySet, sharedSecret } from '../auth/key-set.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { IssuerConfig } from '../config/issuer.ts'

const answerMs = 5_000
const maxBytes = 256 * 1024

/** The configured issuer. Its key set is asked for at once, so that the first token does not wait; that it is down stops nobody's start. */
export function openIssuer(config: IssuerConfig, { clock, log }: { clock: Clock; log: Logger }): Issuer {
  const { issuer, audience, keys } = config
  if ('secret' in keys) return createIssuer({ issuer, audience, keys: sharedSecret(Buffer.from(keys.secret), keys.algorithm) })
  const set = new KeySet({
    load: () => fetchText(keys.url),
    now: () => clock.monotonic(),
    failed: (error) => log.warn('the key set of the issuer could not be had', { url: keys.url, error }),
  })
  set.find(null).catch(() => undefined)
  return createIssuer({ issuer, audience, keys: set })
}

/** Rejects where the answer is late, too long, elsewhere, or none. */
async function fetchText(url: string): Promise<string> {
  const signal = AbortSignal.timeout(answerMs)
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } })
  if (!response.ok || response.body === null) throw new Error(`the answer is ${response.status}`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    length += chunk.byteLength
    // Leaving the loop ends the transfer.
    if (length > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
