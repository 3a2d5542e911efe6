import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

/** Nothing comes from elsewhere, nothing inline runs; styles may stand on elements, as Swagger UI puts them there. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Headers of a page: always asked for anew, so that a new version of the server is seen at once. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
}

export const styles = `:root { color-scheme: light dark; --line: #8884; --mark: #4a7bd0 }
body { margin: 0 auto; max-width: 62rem; padding: 0 1.5rem 4rem; font: 16px/1.55 system-ui, sans-serif }
nav { padding: 1rem 0; border-bottom: 1px solid var(--line) }
nav a { margin-right: 1.2rem }
a { color: var(--mark) }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line) }
h3 { margin: 2rem 0 0; font-size: 1.05rem }
:target { outline: 2px solid var(--mark); outline-offset: 4px }
code, pre { font: 0.86em/1.5 ui-monospace, monospace }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 0.7rem 1rem; border: 1px solid var(--line); border-radius: 6px }
table { border-collapse: collapse; width: 100%; font-size: 0.93em }
td, th { padding: 0.25rem 0.8rem 0.25rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
td:first-child { width: 16rem } td:nth-child(2) { width: 14rem }
details { margin: 0.4rem 0 } summary { cursor: pointer }
`

/** Prose with code in backticks and empty lines between paragraphs. */
export function prose(text: string): Html[] {
  return text.split('\n\n').map((paragraph) => html`<p>${words(paragraph)}</p>`)
}

export const words = (text: string): Html[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))

/** A page of the reference around its body. */
export const page = (title: string, body: Html): Html => html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<link rel="stylesheet" href="/docs/reference.css">
</head>
<body>
<nav><a href="/docs">HTTP API</a> <a href="/docs/realtime">Realtime</a> <a href="/docs/errors">Errors</a> <a href="/openapi.json">openapi.json</a> <a href="/asyncapi.json">asyncapi.json</a></nav>
<h1>${title}</h1>
${body}
</body>
</html>`
