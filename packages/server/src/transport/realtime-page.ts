import { asyncapi, closeCodes, limits } from '@parlance/protocol'
import { html } from 'hono/html'
import { type Html, page, prose, words } from './reference-page.ts'

type Schema = {
  $ref?: string
  type?: string
  const?: string | number
  enum?: string[]
  anyOf?: Schema[]
  items?: Schema | Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  description?: string
}
type Message = { name: string; summary: string; payload: Schema; examples: { payload: unknown }[] }
type Call = {
  summary: string
  description?: string
  messages: { $ref: string }[]
  reply?: { messages: { $ref: string }[] }
  'x-errors'?: string[]
}
type Document = {
  info: { description: string; version: string }
  operations: Record<string, Call>
  components: { messages: Record<string, Message>; schemas: Record<string, Schema> }
}

const nameOf = (reference: string): string => reference.split('/').pop() ?? reference

/** The AsyncAPI document for people: frames, operations, events and close codes, each with its fields and an example. */
export function realtimePage(): Html {
  const document = asyncapi() as unknown as Document
  const { messages, schemas } = document.components
  const some = (belongs: (name: string) => boolean) =>
    Object.entries(messages)
      .filter(([name]) => belongs(name))
      .map(([name, message]) => describeMessage(name, message))
  const calls = Object.entries(document.operations).filter(
    ([
      ,
      {
        messages: [first],
      },
    ]) => first && nameOf(first.$ref).startsWith('up.op.'),
  )
  return page(
    `Realtime API ${document.info.version}`,
    html`${prose(document.info.description)}
<h2 id="up">Frames to the server</h2>${some((name) => name.startsWith('up.') && !name.startsWith('up.op.'))}
<h2 id="operations">Operations</h2>${calls.map(([name, call]) => describeCall(name, call, messages))}
<h2 id="down">Frames from the server</h2>${some((name) => /^down\.[a-z]+$/.test(name))}
<h2 id="events">Events of a room</h2>${some((name) => name.startsWith('down.ev.'))}
<h2 id="own">Events of your own log</h2>${some((name) => name.startsWith('down.uev.'))}
<h2 id="close">Close codes</h2>
<table><tr><th>code</th><th>name</th><th>verdict</th><th>meaning</th></tr>
${Object.entries(closeCodes).map(([code, { name, verdict, text }]) => html`<tr><td>${code}</td><td>${name}</td><td>${verdict}</td><td>${text}</td></tr>`)}</table>
<h2 id="limits">Limits</h2>
<table>${Object.entries(limits).map(([name, value]) => html`<tr><td><code>${name}</code></td><td>${value}</td></tr>`)}</table>
<h2 id="shapes">Shapes</h2>
${Object.entries(schemas).map(([name, schema]) => html`<h3 id="shape-${name}">${name}</h3>${fields(schema)}`)}`,
  )
}

const describeMessage = (key: string, { name, summary, payload, examples }: Message): Html => html`<h3 id="${key}"><code>${name}</code></h3>
<p>${words(summary)}</p>
${json(examples[0]?.payload)}
${fields(payload)}`

function describeCall(name: string, call: Call, messages: Record<string, Message>): Html {
  const [input] = call.messages.map(({ $ref }) => messages[nameOf($ref)])
  const [answer] = (call.reply?.messages ?? []).map(({ $ref }) => messages[nameOf($ref)])
  return html`<h3 id="${name}"><code>${name}</code></h3>
<p>${words(call.summary)}. ${words(call.description ?? '')}</p>
${json(input?.examples[0]?.payload)}
${fields(input?.payload.properties?.in ?? {})}
${json(answer?.examples[0]?.payload)}
${fields(answer?.payload.properties?.ok ?? {})}
<details><summary>Errors</summary><p>${(call['x-errors'] ?? []).map((code) => html`<a href="/docs/errors#${code}"><code>${code}</code></a> `)}</p></details>`
}

const json = (value: unknown): Html => html`<pre>${JSON.stringify(value, null, 1)?.replace(/\n\s*/g, ' ') ?? ''}</pre>`

/** A table of the fields of an object; of anything else its type. */
function fields(schema: Schema): Html {
  const all = Object.entries(schema.properties ?? {})
  if (all.length === 0) return schema.properties ? html`` : html`<p>${typeOf(schema)} ${words(schema.description ?? '')}</p>`
  return html`<table>${all.map(
    ([name, field]) =>
      html`<tr><td><code>${name}</code>${schema.required?.includes(name) ? '' : ' (optional)'}</td><td>${typeOf(field)}</td><td>${words(field.description ?? '')}</td></tr>`,
  )}</table>${all.flatMap(([name, field]) => (field.properties ? [html`<p>In <code>${name}</code>:</p>${fields(field)}`] : []))}`
}

function typeOf({ $ref, anyOf, items, const: only, enum: values, type }: Schema): Html {
  if ($ref) return html`<a href="#shape-${nameOf($ref)}">${nameOf($ref)}</a>`
  if (anyOf) return html`${anyOf.map((one, index) => html`${index > 0 ? ' or ' : ''}${typeOf(one)}`)}`
  if (only !== undefined) return html`<code>${JSON.stringify(only)}</code>`
  if (values) return html`${values.map((value, index) => html`${index > 0 ? ', ' : ''}<code>${value}</code>`)}`
  if (Array.isArray(items)) return html`[${items.map((one, index) => html`${index > 0 ? ', ' : ''}${typeOf(one)}`)}]`
  return items ? html`list of ${typeOf(items)}` : html`${type ?? 'anything'}`
}
