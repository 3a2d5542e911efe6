import { asyncapi, closeCodes, errors, openapi } from '@parlance/protocol'
import { Hono } from 'hono'
import { etag } from 'hono/etag'
import { html } from 'hono/html'
import { realtimePage } from './realtime-page.ts'
import { type Html, page, pageHeaders, styles, words } from './reference-page.ts'
import { swaggerUiFiles, swaggerUiPage } from './swagger-ui.ts'

/** Made at the first request, not at start, and kept: the catalog does not change while the server runs. */
function once(make: () => Html | string): () => Promise<string> {
  let made: Promise<string> | undefined
  return () => {
    made ??= Promise.resolve(make()).then(String)
    return made
  }
}

const links = [
  { href: '/docs/realtime', text: 'Realtime' },
  { href: '/docs/errors', text: 'Errors' },
  { href: '/asyncapi.json', text: 'asyncapi.json' },
]

/**
 * The API reference of this server: `/docs` (interactive), `/docs/realtime`, `/docs/errors`, `/openapi.json` and `/asyncapi.json`. It
 * needs no other host and no token.
 */
export function reference(): Hono {
  const app = new Hono()
  const serve = (path: string, make: () => Html | string, headers: Record<string, string>) => {
    const text = once(make)
    app.get(path, etag(), async ({ body }) => body(await text(), { headers }))
  }
  const document = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-cache' }
  serve('/openapi.json', () => JSON.stringify(openapi()), document)
  serve('/asyncapi.json', () => JSON.stringify(asyncapi()), document)
  serve('/docs/realtime', realtimePage, pageHeaders)
  serve('/docs/errors', errorsPage, pageHeaders)
  serve('/docs/reference.css', () => styles, { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'no-cache' })
  serve('/docs', () => swaggerUiPage({ spec: '/openapi.json', title: 'Parlance API', links }), pageHeaders)
  app.get('/docs/', ({ redirect }) => redirect('/docs', 308))
  app.route('/', swaggerUiFiles())
  return app
}

const errorsPage = (): Html =>
  page(
    'Errors',
    html`<p>A refusal carries a permanent <code>code</code>. Every code but <code>unknown_outcome</code> means: this request wrote nothing.</p>
${Object.entries(errors).map(
  ([code, { status, retry, text }]) =>
    html`<h3 id="${code}"><code>${code}</code></h3><p>${words(text)} HTTP ${status}, try again: ${retry}.</p>`,
)}
<h2>Close codes</h2>
<table>${Object.entries(closeCodes).map(
      ([code, { name, verdict, text }]) => html`<tr><td>${code}</td><td>${name}</td><td>${verdict}</td><td>${text}</td></tr>`,
    )}</table>`,
  )
