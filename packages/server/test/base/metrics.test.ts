import { expect, test } from 'bun:test'
import { createMetrics } from '../../src/base/metrics.ts'

test('metrics of two servers in one process are apart', async () => {
  const one = createMetrics()
  const other = createMetrics()
  one.sends.inc(3)
  one.errors.inc({ code: 'rate_limited' })
  one.httpRequests.inc({ method: 'GET', route: '/api/v1/rooms', status: 200 })
  expect(await one.text()).toContain('parlance_sends_total 3')
  expect(await one.text()).toContain('parlance_errors_total{code="rate_limited"} 1')
  expect(await one.text()).toContain('parlance_http_requests_total{method="GET",route="/api/v1/rooms",status="200"} 1')
  expect(await other.text()).toContain('parlance_sends_total 0')
})

test('the measurements of the process are believable', async () => {
  const text = await createMetrics().text()
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1])
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(10e6)
  expect(value('process_resident_memory_bytes')).toBeLessThan(4e9)
  expect(value('process_cpu_seconds_total')).toBeGreaterThan(0)
  expect(value('process_uptime_seconds')).toBeGreaterThan(0)
})
