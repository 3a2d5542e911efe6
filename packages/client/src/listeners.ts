/** Listeners by the name of what they wait for. One that throws stops neither the others nor whoever told them. */
export class Listeners<M> {
  readonly #sets: { [K in keyof M]?: Set<(value: M[K]) => void> } = {}
  readonly #failed: (error: unknown) => void

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  /** Gives back the way to stop listening. */
  on<K extends keyof M>(name: K, listener: (value: M[K]) => void): () => void {
    const set = this.#sets[name] ?? new Set()
    this.#sets[name] = set
    // Wrapped, so that the same function added twice is called twice and removed one by one.
    const entry = guarded(listener, this.#failed)
    set.add(entry)
    return () => void set.delete(entry)
  }

  emit<K extends keyof M>(name: K, value: M[K]): void {
    for (const listener of this.#sets[name] ?? []) listener(value)
  }
}

/** A callback of the host's that may throw: what it throws is for `failed`, and whoever calls it goes on. */
export const guarded =
  <T>(callback: ((value: T) => void) | undefined, failed: (error: unknown) => void) =>
  (value: T): void => {
    try {
      callback?.(value)
    } catch (error) {
      failed(error)
    }
  }
