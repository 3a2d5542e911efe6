import { describe, expect, test } from 'bun:test'
import { asyncapi, closeCodes, down, eventList, operationList, up } from '@parlance/protocol'
import type { JsonObject } from '../src/docs/components.ts'
import { accepts, dangling, objectAt, resolve, unreferenced } from './documents.ts'

const document = asyncapi()
const messages = objectAt(document, '#/components/messages')
const operations = objectAt(document, '#/operations')

/** The frames of one key that differ by operation or event stand as one message each. */
const expected = [
  ...Object.keys(up).flatMap((key) => (key === 'op' ? operationList().map(([name]) => `up.op.${name}`) : [`up.${key}`])),
  ...Object.keys(down).flatMap((key) => {
    if (key === 'ok') return operationList().map(([name]) => `down.ok.${name}`)
    const scope = key === 'ev' ? 'room' : key === 'uev' ? 'user' : null
    return scope === null ? [`down.${key}`] : eventList().flatMap(([name, spec]) => (spec.scope === scope ? [`down.${key}.${name}`] : []))
  }),
]

describe('the AsyncAPI document', () => {
  test('has the parts that AsyncAPI 3.0 requires', () => {
    expect(document).toMatchObject({ asyncapi: '3.0.0', info: { title: expect.any(String), version: expect.any(String) } })
    for (const [, server] of Object.entries(objectAt(document, '#/servers'))) {
      expect(server).toMatchObject({ host: expect.any(String), protocol: expect.any(String) })
    }
    for (const name of [...Object.keys(messages), ...Object.keys(operations), ...Object.keys(objectAt(document, '#/components/schemas'))]) {
      expect(name).toMatch(/^[\w.-]+$/)
    }
  })

  test('refers to nothing that is not there and keeps nothing that is not referred to', () => {
    expect(dangling(document)).toEqual([])
    expect(unreferenced(document, ['schemas', 'messages'])).toEqual([])
  })

  test('has every frame, call, answer and event as a message of the channel', () => {
    expect(Object.keys(messages).sort()).toEqual([...expected].sort())
    expect(objectAt(document, '#/channels/ws')).toMatchObject({ address: '/ws' })
    expect(Object.keys(objectAt(document, '#/channels/ws/messages')).sort()).toEqual([...expected].sort())
  })

  test('has every message in an operation, received from clients or sent to them', () => {
    const used = Object.values(operations).flatMap((operation) => {
      const {
        action,
        messages: own,
        reply,
      } = operation as { action: string; messages: { $ref: string }[]; reply?: { messages: { $ref: string }[] } }
      expect(['send', 'receive']).toContain(action)
      const side = action === 'receive' ? 'up.' : 'down.'
      for (const { $ref } of own) expect($ref).toStartWith(`#/channels/ws/messages/${side}`)
      return [...own, ...(reply?.messages ?? [])].map(({ $ref }) => $ref.replace('#/channels/ws/messages/', ''))
    })
    expect([...new Set(used)].sort()).toEqual([...expected].sort())
  })

  test('has every close code with its verdict', () => {
    expect(Object.entries(objectAt(document, '#/x-close-codes'))).toEqual(Object.entries(closeCodes))
  })
})

describe.each(Object.keys(messages))('the message %s', (name) => {
  const message = resolve(document, messages[name])
  const example = (message.examples as JsonObject[])[0]?.payload as JsonObject

  test('has an example that fits its payload', () => {
    expect(accepts(document, message.payload, example)).toBe(true)
  })

  test('is closed if clients send it and open if the server does', () => {
    expect(accepts(document, message.payload, { ...example, surprise: 1 })).toBe(name.startsWith('down.'))
  })

  test('shows the frame it is named after', () => {
    const [, key, ...rest] = name.split('.')
    if (key === 'op') expect(example).toMatchObject({ op: rest.join('.') })
    else if (key === 'ev' || key === 'uev') expect(example).toMatchObject({ [key]: rest.join('.') })
    else if (key === 'ok' || key === 'err') expect(Object.keys(example)).toEqual(['id', key])
    else expect(key === undefined ? undefined : (example[key] ?? example.eph)).toBeDefined()
  })
})
