import { describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { openWorld, type World } from '../harness/world.ts'

/** Says these bytes to the server and reads its answer up to the end of its header, or of its body where a length is told. */
async function say({ server }: World, ...parts: (string | Uint8Array)[]): Promise<{ status: number; head: string; body: string }> {
  const { port, hostname } = new URL(server.url)
  const socket = connect(Number(port), hostname, () => {
    for (const part of parts) socket.write(part)
  })
  const read = await new Promise<string>((resolve, reject) => {
    let text = ''
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (isWhole(text, String(parts[0]).startsWith('HEAD'))) resolve(text)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
  socket.destroy()
  const [head = '', body = ''] = read.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head, body }
}

function isWhole(text: string, bodiless: boolean): boolean {
  const [head, body] = text.split('\r\n\r\n')
  const length = bodiless ? 0 : /^content-length: (\d+)/im.exec(head ?? '')?.[1]
  return body !== undefined && body.length >= Number(length ?? 0)
}

const lines = (...all: string[]): string => [...all, '', ''].join('\r\n')
const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
const codeOf = (body: string): unknown => (JSON.parse(body) as { code: unknown }).code

describe('a request without a usable Host', () => {
  test('is answered where it has none, as the health checks of load balancers come', async () => {
    await using world = await openWorld()
    const ada = await world.person('ada')
    for (const path of ['/healthz', '/docs', '/api/v1/me', `/api/v1/users/name:${ada.username}`])
      expect([path, (await say(world, lines(`GET ${path} HTTP/1.0`, `Authorization: Bearer ${ada.token}`))).status]).toEqual([path, 200])
    const body = '{"kind":"group"}'
    const post = ['POST /api/v1/rooms HTTP/1.0', `Authorization: Bearer ${ada.token}`, `Content-Length: ${body.length}`]
    expect((await say(world, lines(...post), body)).status).toBe(201)
    // A path that looks like an address is a path.
    const odd = await say(world, lines('GET /x:yyy/api/v1/me HTTP/1.0', `Authorization: Bearer ${ada.token}`))
    expect([odd.status, codeOf(odd.body)]).toEqual([404, 'not_found'])
  })

  test('that is not allowed opens no socket either', async () => {
    await using world = await openWorld({ env: { ALLOWED_HOSTS: 'chat.example' } })
    const status = async (host: string) => (await say(world, lines('GET /ws HTTP/1.1', `Host: ${host}`, ...upgrade))).status
    expect([await status('chat.example:8000'), await status('evil.example')]).toEqual([101, 400])
  })

  for (const [what, hosts] of [
    ['no name', ['Host: a/b']],
    ['a port that is none', ['Host: a:99999']],
    ['a name twice', ['Host: a', 'Host: b']],
  ] as const) {
    test(`is refused by a code where it is ${what}, as a socket too`, async () => {
      await using world = await openWorld()
      for (const more of [[], upgrade]) {
        const { status, body } = await say(world, lines(`GET ${more.length > 0 ? '/ws' : '/healthz'} HTTP/1.1`, ...hosts, ...more))
        expect([status, codeOf(body)]).toEqual([400, 'host_not_allowed'])
      }
    })
  }
})

describe('the handshake', () => {
  const offering = async (world: World, offer: string): Promise<[number, string | null]> => {
    const { status, head } = await say(world, lines('GET /ws HTTP/1.1', 'Host: a', ...upgrade, `Sec-WebSocket-Protocol: ${offer}`))
    return [status, /^sec-websocket-protocol: *(.*)$/im.exec(head)?.[1] ?? null]
  }

  test('names parlance.v1 where it is offered, and never a protocol that the server does not speak', async () => {
    await using world = await openWorld()
    expect(await offering(world, 'other, parlance.v1 , more')).toEqual([101, 'parlance.v1'])
    expect(await offering(world, 'parlance.v2')).toEqual([101, null])
    expect(await offering(world, ',;"')).toEqual([101, null])
  })

  test('that is none is told so', async () => {
    await using world = await openWorld()
    for (const method of ['GET', 'POST']) {
      const { status, head, body } = await say(world, lines(`${method} /ws HTTP/1.1`, 'Host: a'))
      expect([status, codeOf(body)]).toEqual([426, 'upgrade_required'])
      expect(head).toMatch(/^upgrade: websocket$/im)
    }
  })
})

test('a compressed body is refused as such, whether it is one or not', async () => {
  await using world = await openWorld()
  const ada = await world.person('ada')
  const text = '{"kind":"group"}'
  const send = (encoding: string, bytes: Uint8Array) =>
    world.rest.raw('POST', '/api/v1/rooms', {
      headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json', 'content-encoding': encoding },
      body: new Uint8Array(bytes),
    })
  for (const bytes of [gzipSync(text), Buffer.from(text)]) {
    const answer = await send('gzip', bytes)
    expect([answer.status, codeOf(await answer.text())]).toEqual([415, 'unsupported_media_type'])
  }
  expect((await send('identity', Buffer.from(text))).status).toBe(201)
})

test('HEAD tells the length that GET has', async () => {
  await using world = await openWorld()
  const ada = await world.person('ada')
  for (const path of ['/api/v1/me', '/openapi.json', '/docs', '/healthz', '/api/v1/nothing']) {
    const ask = (method: string) => say(world, lines(`${method} ${path} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${ada.token}`))
    const lengthOf = ({ head }: { head: string }) => /^content-length: (\d+)/im.exec(head)?.[1]
    const [head, get] = [await ask('HEAD'), await ask('GET')]
    expect([path, head.status, lengthOf(head)]).toEqual([path, get.status, lengthOf(get)])
  }
})
