import { systemClock } from '../../base/clock.ts'
import { readCertificate } from '../../boot/certificate.ts'
import type { Finding } from '../../boot/checkup.ts'
import type { Config } from '../../config.ts'

/** Sooner than this a certificate should have been renewed (days). */
const renewBefore = 14

/** Whether the server could use the certificate's files as they are now, and for how long. */
export function examineCertificate({ tls }: Config): Finding[] {
  if (tls === null) return []
  try {
    const { validTo } = readCertificate(tls)
    const days = Math.floor((validTo.getTime() - systemClock.now()) / 86_400_000)
    if (days < 0) return [{ level: 'fault', text: `the certificate ${tls.cert} ended on ${validTo.toISOString()}` }]
    return [{ level: days < renewBefore ? 'warning' : 'ok', text: `the certificate ${tls.cert} ends in ${days} days` }]
  } catch (error) {
    return [{ level: 'fault', text: error instanceof Error ? error.message : String(error) }]
  }
}
