import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate that vouches for itself, made for one test: its files, and what a client trusts. */
export type TestCertificate = { cert: string; key: string; ca: string }

/** Made by `openssl`, as whoever tries TLS makes one. */
export function makeCertificate(directory: string, name: string): TestCertificate {
  const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)]
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2']
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', ...made, ...names])
  if (status !== 0) throw new Error(`openssl made no certificate: ${String(stderr)}`)
  return { cert, key, ca: readFileSync(cert, 'utf8') }
}

/** Asks trusting one certificate alone, on a connection of its own each time. */
export async function askTrusting(ca: string, url: string, { json, token }: { json?: unknown; token?: string } = {}): Promise<Response> {
  const headers = {
    connection: 'close',
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const init = { method: json === undefined ? 'GET' : 'POST', headers, ...(json !== undefined && { body: JSON.stringify(json) }) }
  return await fetch(url, { ...init, keepalive: false, tls: { ca } } as RequestInit)
}
