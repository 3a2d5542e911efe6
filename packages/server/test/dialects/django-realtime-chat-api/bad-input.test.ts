import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createOlderClient, type OlderClient, type OlderRequest } from '../../harness/older-client.ts'
import { backends, startServer, type TestServer } from '../../harness/server.ts'

let server: TestServer
let api: OlderClient
let access = ''

const required = ['This field is required.']
const both = { username: required, password: required }
const raw = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json'): OlderRequest => ({
  body,
  headers: { 'content-type': type },
})

for (const { name: engine, env } of await backends()) {
  describe(`bad input of django-realtime-chat-api (${engine})`, () => {
    beforeAll(async () => {
      server = await startServer({ env: await env() })
      api = createOlderClient(server.url)
      const json = { username: 'ann', password: '123456' }
      await api.ask('POST', '/api/register/', { json })
      access = ((await api.ask('POST', '/api/login/', { json })).json as { access: string }).access
    })
    afterAll(async () => {
      const errors = server.lines.filter((line) => line.includes('"error"'))
      await server[Symbol.asyncDispose]()
      expect(errors).toEqual([])
    })

    describe('a body that cannot be used is refused', () => {
      const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`
      const cases: [what: string, request: OlderRequest, status: number, body: unknown][] = [
        ['none', {}, 400, both],
        ['an empty object', { json: {} }, 400, both],
        ['an empty form', { form: {} }, 400, both],
        ['a list', { json: [] }, 400, { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
        ['null', { json: null }, 400, { non_field_errors: ['No data provided'] }],
        ['broken JSON', raw('{"username":'), 400, { detail: 'JSON parse error - not well-formed JSON' }],
        ['bytes that are not UTF-8', raw(new Uint8Array([0x22, 0xff, 0x22])), 400, { detail: 'JSON parse error - not UTF-8' }],
        ['deep nesting', raw(deep), 400, { detail: 'JSON parse error - nested more than 32 levels deep' }],
        [
          'a multipart form without its boundary',
          raw('x', 'multipart/form-data'),
          400,
          { detail: 'Form parse error - not a well-formed form' },
        ],
        ['plain text', raw('username=a', 'text/plain'), 415, { detail: 'Unsupported media type "text/plain" in request.' }],
        [
          'a body above the bound',
          { json: { username: 'x'.repeat(200_000) } },
          413,
          { detail: 'The body or frame is larger than allowed.' },
        ],
        [
          'fields of other types',
          { json: { username: { a: 1 }, password: [1] } },
          400,
          { username: ['Not a valid string.'], password: ['Not a valid string.'] },
        ],
        ['keys of the object’s own machinery', raw('{"__proto__":{"username":"x","password":"123456"},"constructor":1}'), 400, both],
      ]
      for (const [what, request, status, body] of cases) {
        for (const path of ['/api/register/', '/api/login/']) {
          test(`${what} (${path})`, async () => {
            const answer = await api.ask('POST', path, request)
            expect([answer.status, answer.json]).toEqual([status, body])
          })
        }
      }
    })

    describe('a login says only that name and password do not fit', () => {
      const cases: [what: string, json: object][] = [
        ['a wrong password', { username: 'ann', password: 'wrong!' }],
        ['nobody of that name', { username: 'nobody', password: '123456' }],
        ['a name no account can have', { username: 'x'.repeat(5000), password: '123456' }],
        ['a password no account can have', { username: 'ann', password: 'x'.repeat(5000) }],
        ['an address that nobody owns', { username: 'ann@example.org', password: '123456' }],
      ]
      for (const [what, json] of cases) {
        test(what, async () => {
          const { status, json: body, headers } = await api.ask('POST', '/api/login/', { json })
          expect([status, body]).toEqual([401, { detail: 'No active account found with the given credentials' }])
          expect(headers.get('www-authenticate')).toBe('Bearer realm="api"')
        })
      }

      test('a bad bearer does not matter to it', async () => {
        expect((await api.ask('POST', '/api/login/', { token: 'abc', json: { username: 'ann', password: '123456' } })).status).toBe(200)
      })
    })

    describe('forms are as good as JSON', () => {
      const multipart = new FormData()
      for (const [name, value] of [
        ['username', 'multi'],
        ['email', 'multi@example.org'],
        ['password', '123456'],
      ] as const)
        multipart.append(name, value)
      const cases: [what: string, request: OlderRequest, username: string, email: string][] = [
        ['url-encoded', { form: { username: 'coded', email: 'coded@example.org', password: '123456' } }, 'coded', 'coded@example.org'],
        ['multipart', { form: multipart }, 'multi', 'multi@example.org'],
        ['JSON with a charset', { ...raw('{"username":"späť","password":"123456"}', 'application/json; charset=utf-8') }, 'späť', ''],
        ['JSON with numbers', { json: { username: 12345, password: 123456, other: 'ignored' } }, '12345', ''],
      ]
      for (const [what, request, username, email] of cases) {
        test(what, async () => {
          const { status, json } = await api.ask('POST', '/api/register/', request)
          expect([status, json]).toEqual([201, { username, email }])
        })
      }
    })

    describe('a wrong method', () => {
      const cases: [method: string, path: string, allow: string][] = [
        ['GET', '/api/register/', 'POST, OPTIONS'],
        ['PUT', '/api/register/', 'POST, OPTIONS'],
        ['DELETE', '/api/login/', 'POST, OPTIONS'],
        ['PATCH', '/api/login', 'POST, OPTIONS'],
        ['POST', '/api/chat/history/global/', 'GET, OPTIONS'],
        ['DELETE', '/api/chat/history/global/', 'GET, OPTIONS'],
      ]
      for (const [method, path, allow] of cases) {
        test(`${method} ${path} is 405 and says what is right`, async () => {
          const { status, json, headers } = await api.ask(method, path, { token: access })
          expect([status, json, headers.get('allow')]).toEqual([405, { detail: `Method "${method}" not allowed.` }, allow])
        })
      }

      test('comes after the question who is asking', async () => {
        expect((await api.ask('POST', '/api/chat/history/global/')).status).toBe(401)
        expect((await api.ask('GET', '/api/register/', { token: 'abc' })).status).toBe(401)
        expect((await api.ask('GET', '/api/login/', { token: 'abc' })).status).toBe(405)
      })

      test('is not HEAD where GET is right', async () => {
        const { status, text } = await api.ask('HEAD', '/api/chat/history/global/', { token: access })
        expect([status, text]).toEqual([200, ''])
        expect((await api.ask('HEAD', '/api/login/')).status).toBe(405)
      })

      test('is not OPTIONS, which says what there is', async () => {
        const { status, json, headers } = await api.ask('OPTIONS', '/api/register/')
        expect([status, headers.get('allow')]).toEqual([200, 'POST, OPTIONS'])
        expect(json).toMatchObject({ name: 'Register', renders: ['application/json'] })
      })
    })

    describe('a path without its slash', () => {
      test('is sent on where it is a GET, with its query', async () => {
        for (const path of ['/api/chat/history/a%20b', '/api/register', '/django-realtime-chat-api/api/login']) {
          const { status, headers, text } = await api.ask('GET', `${path}?x=1`)
          expect([status, headers.get('location'), text]).toEqual([301, `${path}/?x=1`, ''])
        }
      })

      test('is answered where it is not', async () => {
        expect((await api.ask('POST', '/api/login', { json: { username: 'ann', password: '123456' } })).status).toBe(200)
        expect((await api.ask('POST', '/api/register', { json: {} })).json).toEqual(both)
      })

      test('is a socket all the same', async () => {
        for (const prefix of ['', '/django-realtime-chat-api'])
          expect(await api.handshake(`${prefix}/ws/chat/global?token=${access}`)).toBe(101)
      })
    })

    describe('the history of a name that no room has is empty', () => {
      const names = ['a-b.c', '%20', '%ff', '%00', '%zz', 'x'.repeat(1000), 'name:global', '%F0%9F%98%80', 'dm_1_2', '..%2f', '%ED%A0%80']
      for (const name of names) {
        test(name.slice(0, 20), async () => {
          const { status, json } = await api.ask('GET', `/api/chat/history/${name}/`, { token: access })
          expect([status, json]).toEqual([200, []])
        })
      }
    })

    test('paths that are nobody’s are 404', async () => {
      for (const path of [
        '/api/chat/history/',
        '/api/chat/history/a/b/',
        '/django-realtime-chat-api/api/token/refresh/',
        '/django-realtime-chat-api/',
        '/django-realtime-chat-api/api/v1/me',
      ]) {
        expect((await api.ask('GET', path, { token: access })).status).toBe(404)
      }
    })

    test('pages of other origins may send credentials', async () => {
      const origin = 'https://pages.example.org'
      const { headers } = await api.ask('GET', '/api/chat/history/global/', { headers: { origin } })
      expect([headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')]).toEqual([origin, 'true'])
      const asked = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
      const preflight = await api.ask('OPTIONS', '/django-realtime-chat-api/api/login/', { headers: asked })
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin])
      const native = await api.ask('GET', '/api/v1/me', { headers: { origin } })
      expect([native.headers.get('access-control-allow-origin'), native.headers.get('access-control-allow-credentials')]).toEqual([
        '*',
        null,
      ])
    })
  })
}
