import { afterAll, describe, expect, test } from 'bun:test'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { listening, parlance } from '../harness/process.ts'
import { startServer } from '../harness/server.ts'
import { connect, type TestSocket } from '../harness/socket.ts'
import { askTrusting, makeCertificate } from '../harness/tls.ts'

const directory = mkdtempSync(join(tmpdir(), 'parlance-tls-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const [first, second] = [makeCertificate(directory, 'first'), makeCertificate(directory, 'second')]
const live = { cert: join(directory, 'live.crt'), key: join(directory, 'live.key') }

function use({ cert, key }: { cert: string; key: string }): void {
  copyFileSync(cert, live.cert)
  copyFileSync(key, live.key)
}

const env = { TLS_CERT: live.cert, TLS_KEY: live.key }
/** Whether who trusts this certificate gets an answer. */
const reaches = (ca: string, url: string): Promise<boolean> =>
  askTrusting(ca, `${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  )

async function person(url: string, ca: string, username: string): Promise<{ token: string; socket: TestSocket }> {
  const answer = await askTrusting(ca, `${url}/api/v1/auth/register`, { json: { username, password: 'correct horse battery' } })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  const socket = await connect(url, { tls: { ca } })
  await socket.hello(token)
  return { token, socket }
}

describe('with a certificate', () => {
  test('the server speaks https and wss, and nothing in the clear', async () => {
    use(first)
    await using server = await startServer({ env })
    expect(server.url).toStartWith('https://')
    expect([await reaches(first.ca, server.url), await reaches(second.ca, server.url)]).toEqual([true, false])
    expect(await reaches(first.ca, server.url.replace('https:', 'http:'))).toBe(false)
    const { token, socket } = await person(server.url, first.ca, 'ada')
    await using _ = socket
    expect((await socket.op('accounts.me', {})).username).toBe('ada')
    expect((await askTrusting(first.ca, `${server.url}/api/v1/me`, { token })).status).toBe(200)
  })

  test('a cookie is for https only', async () => {
    use(first)
    await using server = await startServer({ env })
    const json = { username: 'ada', password: 'correct horse battery', session: 'cookie' }
    const answer = await askTrusting(first.ca, `${server.url}/api/v1/auth/register`, { json })
    expect(answer.headers.get('set-cookie')).toContain('Secure')
  })

  test('another one is taken while people talk: nobody is cut off, and old and new connections hear each other', async () => {
    use(first)
    await using server = await startServer({ env })
    const ada = await person(server.url, first.ca, 'ada')
    await using _ada = ada.socket
    const { room } = await ada.socket.op('rooms.create', { kind: 'public', name: 'lobby' })
    use(second)
    server.running.renewCertificate()
    expect([await reaches(first.ca, server.url), await reaches(second.ca, server.url)]).toEqual([false, true])
    const bob = await person(server.url, second.ca, 'bob')
    await using _bob = bob.socket
    await bob.socket.op('rooms.join', { room: room.id })
    await bob.socket.op('messages.send', { room: room.id, content: 'new to old', cid: 'one' })
    await ada.socket.next('ev', ({ ev, data }) => ev === 'message.created' && data.content === 'new to old')
    await ada.socket.op('messages.send', { room: room.id, content: 'old to new', cid: 'two' })
    const heard = (socket: TestSocket) =>
      JSON.stringify(socket.frames).includes('"old to new"') ? true : Promise.reject(new Error('not heard yet'))
    await eventually(() => heard(bob.socket))
    use(first)
    server.running.renewCertificate()
    expect(await reaches(first.ca, server.url)).toBe(true)
    expect((await ada.socket.op('accounts.me', {})).username).toBe('ada')
  })

  test('one that cannot be used leaves the one there is', async () => {
    use(first)
    await using server = await startServer({ env })
    for (const [file, text] of [
      [live.cert, 'nothing'],
      [live.key, 'nothing'],
    ] as const) {
      writeFileSync(file, text)
      expect(() => server.running.renewCertificate()).toThrow('in PEM')
      expect(await reaches(first.ca, server.url)).toBe(true)
      use(first)
    }
    copyFileSync(second.key, live.key)
    expect(() => server.running.renewCertificate()).toThrow('is not the key of TLS_CERT')
    expect(await reaches(first.ca, server.url)).toBe(true)
  })

  test('a draining server lets go of the connections of every certificate', async () => {
    use(first)
    const server = await startServer({ env })
    const { socket } = await person(server.url, first.ca, 'ada')
    use(second)
    server.running.renewCertificate()
    await server[Symbol.asyncDispose]()
    expect((await socket.closed).code).toBe(4503)
    expect(await reaches(second.ca, server.url)).toBe(false)
  })

  test('a running server takes it on SIGHUP', async () => {
    use(first)
    const data = join(directory, 'data')
    const server = parlance([
      'serve',
      '--port',
      '0',
      '--host',
      '127.0.0.1',
      '--data-dir',
      data,
      '--tls-cert',
      live.cert,
      '--tls-key',
      live.key,
    ])
    const url = await listening(server)
    expect(await reaches(first.ca, url)).toBe(true)
    use(second)
    server.kill('SIGHUP')
    await eventually(() => reaches(second.ca, url), { timeout_ms: 20_000 })
    const doctor = parlance(['doctor', '--data-dir', data, '--tls-cert', live.cert, '--tls-key', live.key])
    await doctor.exited
    expect(doctor.text()).toMatch(/warning +the certificate .* ends in [12] days/)
    server.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(server.text()).toContain('a new certificate is in use')
  }, 60_000)
})

describe('a certificate that cannot be used is refused at the start', () => {
  const start = (change: Record<string, string>): Promise<string> =>
    startServer({ env: { ...env, ...change } }).then(
      async (server) => {
        await server[Symbol.asyncDispose]()
        return 'started'
      },
      (error: Error) => error.message,
    )

  test('with a line that says why', async () => {
    use(first)
    expect(await start({ TLS_KEY: '' })).toContain('TLS_KEY: must be set where TLS_CERT is')
    expect(await start({ TLS_CERT: '' })).toContain('TLS_CERT: must be set where TLS_KEY is')
    expect(await start({ TLS_CERT: join(directory, 'nowhere.crt') })).toContain('cannot be read (ENOENT)')
    expect(await start({ TLS_CERT: first.key })).toContain('holds no certificate in PEM')
    expect(await start({ TLS_KEY: first.cert })).toContain('holds no private key')
    expect(await start({ TLS_KEY: second.key })).toContain('is not the key of TLS_CERT')
  })
})
