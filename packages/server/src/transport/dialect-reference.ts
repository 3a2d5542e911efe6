import type { Hono } from 'hono'
import type { Reference } from '../dialects/dialect.ts'
import type { Env } from './answer.ts'
import { pageHeaders } from './reference-page.ts'
import { swaggerUiPage } from './swagger-ui.ts'

/** The page and the document of an older API, where that API had them. */
export function mountReference(app: Hono<Env>, prefix: string, { path, title, document }: Reference): void {
  const place = prefix + path
  app.get(place, async ({ req, json, body }) => {
    if (req.query('format') === 'openapi') return json(document(), 200, { 'Cache-Control': 'no-cache' })
    return body(String(await swaggerUiPage({ spec: `${place}?format=openapi`, title })), { headers: pageHeaders })
  })
  app.get(place.slice(0, -1), ({ redirect }) => redirect(place, 301))
}
