import { resolve } from 'node:path'
import type { SettingName } from './settings.ts'
import { type Parse, text } from './values.ts'

/** Absolute paths of PEM files: the certificate with its chain, and its key. */
export type TlsConfig = { cert: string; key: string }

type Source = { faults: string[]; optional<T>(name: SettingName, parse: Parse<T>): T | null }

/** Null: plain HTTP. */
export function readTls({ faults, optional }: Source): TlsConfig | null {
  const cert = optional('TLS_CERT', text)
  const key = optional('TLS_KEY', text)
  if (cert === null && key === null) return null
  if (cert === null) faults.push('TLS_CERT: must be set where TLS_KEY is')
  if (key === null) faults.push('TLS_KEY: must be set where TLS_CERT is')
  return { cert: resolve(cert ?? ''), key: resolve(key ?? '') }
}
