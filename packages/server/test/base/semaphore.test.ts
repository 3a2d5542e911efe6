import { describe, expect, test } from 'bun:test'
import { Overloaded, Semaphore } from '../../src/base/semaphore.ts'

describe('the semaphore', () => {
  test('runs no more jobs at once than it has slots, in order of arrival', async () => {
    const semaphore = new Semaphore({ slots: 2, waiting: 10 })
    const began: number[] = []
    let running = 0
    let most = 0
    const job = (n: number) => async () => {
      began.push(n)
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return n
    }
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => semaphore.run(job(n))))
    expect(results).toEqual([1, 2, 3, 4, 5, 6])
    expect(began).toEqual([1, 2, 3, 4, 5, 6])
    expect(most).toBe(2)
  })

  test('refuses what would stand in too long a line, and runs none of it', async () => {
    const semaphore = new Semaphore({ slots: 1, waiting: 1 })
    const held = Promise.withResolvers<string>()
    const first = semaphore.run(() => held.promise)
    const second = semaphore.run(() => Promise.resolve('second'))
    let ran = false
    const third = semaphore.run(() => {
      ran = true
      return Promise.resolve()
    })
    expect(await third.catch((error: unknown) => error)).toBeInstanceOf(Overloaded)
    held.resolve('first')
    expect([await first, await second, ran]).toEqual(['first', 'second', false])
  })

  test('gives its slot back after a job that fails', async () => {
    const semaphore = new Semaphore({ slots: 1, waiting: 0 })
    const failed = semaphore.run(() => Promise.reject(new Error('boom')))
    expect(await failed.catch((error: unknown) => error)).toEqual(new Error('boom'))
    expect(await semaphore.run(() => Promise.resolve(1))).toBe(1)
  })
})
