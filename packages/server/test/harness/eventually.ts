export type Patience = { timeout_ms?: number; every_ms?: number }

/**
 * Runs `attempt` until it neither throws nor returns `false`, and gives back what it returned. When `timeout_ms` (15,000 by default) is
 * over, the last failure is thrown as it was; a predicate that stayed false is reported by name.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, { timeout_ms = 15_000, every_ms = 10 }: Patience = {}): Promise<T> {
  const deadline = performance.now() + timeout_ms
  for (;;) {
    let failure: unknown
    try {
      const result = await attempt()
      if (result !== false) return result
      failure = new Error(`still false after ${timeout_ms} ms: ${attempt.toString()}`)
    } catch (error) {
      failure = error
    }
    if (performance.now() >= deadline) throw failure
    await Bun.sleep(every_ms)
  }
}
