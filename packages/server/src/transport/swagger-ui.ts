import { dirname, join } from 'node:path'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { html, raw } from 'hono/html'
import { pageHeaders } from './reference-page.ts'

/** `base` is the path of the page, `spec` that of the OpenAPI document it shows, `links` other pages to name above it. */
export type SwaggerUi = { base: `/${string}`; spec: string; title: string; links?: { href: string; text: string }[] }

const manifest = Bun.resolveSync('swagger-ui-dist/package.json', import.meta.dir)

const assets: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
}

/** The token stays in the memory of the page: what is kept by the browser can be stolen from it. */
const start = `'use strict'
const place = document.getElementById('swagger-ui')
SwaggerUIBundle({
  url: place.dataset.spec,
  domNode: place,
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
})
`

/** An interactive reference of an HTTP API, which works without any other host. */
export function swaggerUi({ base, spec, title, links = [] }: SwaggerUi): Hono {
  const app = new Hono()
  app.get(base, async ({ body }) => body(String(await page({ base, spec, title, links })), { headers: pageHeaders }))
  app.use(`${base}/ui/*`, compress())
  app.get(`${base}/ui/start.js`, ({ body }) =>
    body(start, { headers: { 'Content-Type': 'text/javascript; charset=utf-8', 'Cache-Control': 'no-cache' } }),
  )
  app.get(`${base}/ui/:file`, ({ req, body, notFound }) => {
    const type = Object.hasOwn(assets, req.param('file')) ? assets[req.param('file')] : undefined
    if (type === undefined) return notFound()
    const headers = { 'Content-Type': type, 'Cache-Control': 'public, max-age=86400', 'X-Content-Type-Options': 'nosniff' }
    return body(Bun.file(join(dirname(manifest), req.param('file'))).stream(), { headers })
  })
  return app
}

const page = ({ base, spec, title, links = [] }: SwaggerUi) => html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<link rel="icon" href="${base}/ui/favicon-32x32.png">
<link rel="stylesheet" href="${base}/ui/swagger-ui.css">
</head>
<body>
<nav style="padding: 1rem 1.5rem; font: 16px system-ui, sans-serif">${links.map(({ href, text }) => html`<a href="${href}" style="margin-right: 1.2rem">${text}</a>`)}</nav>
<div id="swagger-ui" data-spec="${spec}"></div>
<noscript>This page needs JavaScript. The document itself is at <a href="${spec}">${spec}</a>.</noscript>
<script src="${base}/ui/swagger-ui-bundle.js"></script>
<script src="${base}/ui/start.js"></script>
</body>
</html>`
