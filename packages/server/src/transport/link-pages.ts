import { Hono } from 'hono'
import { html, raw } from 'hono/html'
import type { Env } from './answer.ts'
import { linkScript } from './link-script.ts'
import { type Html, pageHeaders } from './reference-page.ts'

const script = '/links/script.js'
const stylesheet = '/links/style.css'

const styles = `:root { color-scheme: light dark }
body { margin: 12vh auto 0; max-width: 24rem; padding: 0 1.5rem; font: 16px/1.5 system-ui, sans-serif }
label { display: block; margin: 1rem 0 }
input, select, button { box-sizing: border-box; width: 100%; padding: 0.55rem; font: inherit }
output { display: block; min-height: 3em }
[hidden] { display: none }
`

const page = (title: string, form: Html): Html => html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="${stylesheet}">
<script src="${script}" defer></script>
</head>
<body>
<h1>${title}</h1>
<output role="status"></output>
${form}
<noscript>This page needs JavaScript.</noscript>
</body>
</html>`

const password = (name: string, label: string, use: string): Html =>
  html`<label>${label}<input name="${name}" type="password" autocomplete="${use}" required></label>`

const resetPage = page(
  'A new password',
  html`<form data-action="reset">
${password('password', 'New password', 'new-password')}
${password('again', 'The same again', 'new-password')}
<button>Set the password</button>
</form>`,
)

const invitePage = page(
  'An invitation',
  html`<form data-action="invite">
<label id="which">Your account<select name="account"><option value="old">I have one</option><option value="new">Make a new one</option></select></label>
<label>Username<input name="username" autocomplete="username" required></label>
${password('password', 'Password', 'current-password')}
<button>Come in</button>
</form>`,
)

/** The pages that links lead to: `/reset` for a new password, `/invite` for an invitation. They know nothing; what they do is in the script. */
export function linkPages(): Hono<Env> {
  const app = new Hono<Env>()
  // A page with a secret in its address is kept nowhere.
  const headers = { ...pageHeaders, 'Cache-Control': 'no-store' }
  app.get('/reset', async ({ body }) => body(String(await resetPage), { headers }))
  app.get('/invite', async ({ body }) => body(String(await invitePage), { headers }))
  app.get(script, ({ body }) => body(linkScript, { headers: { ...headers, 'Content-Type': 'text/javascript; charset=utf-8' } }))
  app.get(stylesheet, ({ body }) => body(styles, { headers: { ...headers, 'Content-Type': 'text/css; charset=utf-8' } }))
  return app
}
