import { dirname, join } from 'node:path'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { html, raw } from 'hono/html'
import manifest from 'swagger-ui-dist/package.json' with { type: 'json' }
import type { Html } from './reference-page.ts'

/** `spec` is the path of the OpenAPI document to show, `links` other pages to name above it. */
export type SwaggerUi = { spec: string; title: string; links?: { href: string; text: string }[] }

/** Where the files of Swagger UI are served, whatever page uses them. */
const place = '/docs/ui'

const types: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
  'start.js': 'text/javascript; charset=utf-8',
}

/** The token stays in the memory of the page: what a browser keeps can be stolen from it. A change here raises `edition`. */
const edition = `${manifest.version}-1`
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

/** The files of Swagger UI from its package. Their addresses carry the version, so browsers may keep them for good. */
export function swaggerUiFiles(): Hono {
  const app = new Hono()
  const directory = dirname(Bun.resolveSync('swagger-ui-dist/package.json', import.meta.dir))
  app.use(`${place}/*`, compress())
  app.get(`${place}/:file`, ({ req, body, notFound }) => {
    const name = req.param('file')
    const type = Object.hasOwn(types, name) ? types[name] : undefined
    if (type === undefined) return notFound()
    const headers = { 'Content-Type': type, 'Cache-Control': 'public, max-age=31536000, immutable', 'X-Content-Type-Options': 'nosniff' }
    return body(name === 'start.js' ? start : Bun.file(join(directory, name)).stream(), { headers })
  })
  return app
}

const at = (name: string): string => `${place}/${name}?v=${edition}`

/** The page of an interactive reference, which works without any other host. To be served with `pageHeaders` beside `swaggerUiFiles`. */
export const swaggerUiPage = ({ spec, title, links = [] }: SwaggerUi): Html => html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<link rel="icon" href="${at('favicon-32x32.png')}">
<link rel="stylesheet" href="${at('swagger-ui.css')}">
</head>
<body>
<nav style="padding: 1rem 1.5rem; font: 16px system-ui, sans-serif">${links.map(({ href, text }) => html`<a href="${href}" style="margin-right: 1.2rem">${text}</a>`)}</nav>
<div id="swagger-ui" data-spec="${spec}"></div>
<noscript>This page needs JavaScript. The document itself is at <a href="${spec}">${spec}</a>.</noscript>
<script src="${at('swagger-ui-bundle.js')}"></script>
<script src="${at('start.js')}"></script>
</body>
</html>`
