import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TlsConfig } from '../config/tls.ts'
import type { Certificate } from '../transport/front.ts'

/** A certificate that cannot be used; the message is for whoever set it. */
export class CertificateRefused extends Error {
  override readonly name = 'Refused'
}

/** Reads and checks the files of the configuration, as they are now. Throws CertificateRefused. */
export function readCertificate({ cert: certFile, key: keyFile }: TlsConfig): Certificate & { validTo: Date } {
  const cert = read('TLS_CERT', certFile, (text) => new X509Certificate(text))
  const key = read('TLS_KEY', keyFile, (text) => createPrivateKey(text))
  if (!cert.parsed.checkPrivateKey(key.parsed)) throw new CertificateRefused(`TLS_KEY: ${keyFile} is not the key of TLS_CERT ${certFile}`)
  return { cert: cert.text, key: key.text, validTo: new Date(cert.parsed.validTo) }
}

function read<T>(name: string, file: string, parse: (text: string) => T): { text: string; parsed: T } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CertificateRefused(`${name}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
  try {
    return { text, parsed: parse(text) }
  } catch {
    throw new CertificateRefused(
      `${name}: ${file} holds no ${name === 'TLS_CERT' ? 'certificate' : 'private key without a passphrase'} in PEM`,
    )
  }
}
