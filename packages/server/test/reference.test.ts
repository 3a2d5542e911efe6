import { describe, expect, test } from 'bun:test'
import { asyncapi, closeCodes, down, errors, eventList, limits, openapi, operationList, up } from '@parlance/protocol'
import { html as joined } from 'hono/html'
import { reference } from '../src/transport/reference.ts'
import { page as pageOf, words } from '../src/transport/reference-page.ts'

const app = reference()
const get = async (path: string, headers: Record<string, string> = {}) => await app.request(path, { headers })
const page = async (path: string) => await (await get(path)).text()

/** What a page makes the browser fetch: its scripts, styles, icons and the document it shows. */
const loads = (html: string): string[] =>
  [...html.matchAll(/<(?:script|link|img)\b[^>]*?\b(?:src|href)="([^"]+)"|data-spec="([^"]+)"/g)].map((match) => match[1] ?? match[2] ?? '')

describe('the documents', () => {
  test.each([
    ['/openapi.json', openapi],
    ['/asyncapi.json', asyncapi],
  ])('%s is what the catalog says', async (path, document) => {
    const response = await get(path)
    expect(response.headers.get('content-type')).toStartWith('application/json')
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document())))
  })

  test('are not sent again to somebody who has them', async () => {
    const tag = (await get('/openapi.json')).headers.get('etag') ?? ''
    expect((await get('/openapi.json', { 'If-None-Match': tag })).status).toBe(304)
  })
})

describe.each(['/docs', '/docs/realtime', '/docs/errors'])('the page %s', (path) => {
  test('forbids other hosts and scripts inside the page', async () => {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toMatch(/https?:|\*/)
    expect(response.headers.get('cache-control')).toBe('no-cache')
  })

  test('loads only files of this server, and each of them is there', async () => {
    const html = await page(path)
    const files = loads(html)
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      expect(file).toStartWith('/')
      expect((await get(file)).status).toBe(200)
    }
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/)
  })

  test('leads only to pages that are there', async () => {
    const html = await page(path)
    for (const [, href = ''] of html.matchAll(/<a href="([^"#]+)(?:#[^"]*)?"/g)) expect((await get(href)).status).toBe(200)
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]))
    for (const [, target] of html.matchAll(/<a href="#([^"]+)"/g)) expect([...ids]).toContain(target)
  })
})

describe('the files of Swagger UI', () => {
  test('come with their types and may be kept for good, as their addresses change with the version', async () => {
    const files = loads(await page('/docs')).filter((file) => file.startsWith('/docs/ui/'))
    expect(files.length).toBe(4)
    for (const file of files) {
      const response = await get(file)
      expect(file).toMatch(/\?v=\d/)
      expect(response.headers.get('cache-control')).toContain('immutable')
      const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', png: 'image/png' }
      expect(Object.values(types)).toContain(response.headers.get('content-type') ?? '')
    }
  })

  test('are compressed for those who ask', async () => {
    const plain = await (await get('/docs/ui/swagger-ui-bundle.js')).arrayBuffer()
    const response = await get('/docs/ui/swagger-ui-bundle.js', { 'Accept-Encoding': 'gzip' })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const packed = new Uint8Array(await response.arrayBuffer())
    expect(packed.byteLength).toBeLessThan(plain.byteLength / 2)
    expect(Bun.gunzipSync(packed).byteLength).toBe(plain.byteLength)
  })

  test('are the only files that can be fetched there', async () => {
    for (const name of ['package.json', 'index.html', '..%2fpackage.json', '__proto__', 'swagger-ui.js']) {
      expect((await get(`/docs/ui/${name}`)).status).toBe(404)
    }
  })
})

test('the realtime page tells every frame, operation, event, close code and limit', async () => {
  const html = await page('/docs/realtime')
  const ids = [
    ...Object.keys(up)
      .filter((key) => key !== 'op')
      .map((key) => `up.${key}`),
    ...Object.keys(down)
      .filter((key) => !['ok', 'ev', 'uev'].includes(key))
      .map((key) => `down.${key}`),
    ...operationList().map(([name]) => name),
    ...eventList().flatMap(([name, { scope }]) => (scope === 'ephemeral' ? [] : [`down.${scope === 'room' ? 'ev' : 'uev'}.${name}`])),
  ]
  for (const id of ids) expect(html).toContain(` id="${id}"`)
  for (const code of Object.keys(closeCodes)) expect(html).toContain(`<td>${code}</td>`)
  for (const name of Object.keys(limits)) expect(html).toContain(`<code>${name}</code>`)
})

test('the errors page explains each code at the place that problems refer to', async () => {
  const html = await page('/docs/errors')
  for (const code of Object.keys(errors)) expect(html).toContain(` id="${code}"`)
})

test('text from the catalog cannot become markup', async () => {
  const html = String(await pageOf('<b>title', joined`${words('<i>plain `<u>code` & "more"')}`))
  expect(html).toContain('&lt;b&gt;title')
  expect(html).toContain('&lt;i&gt;plain <code>&lt;u&gt;code</code> &amp; &quot;more&quot;')
})
