import { type InputOf, type OperationName, operations, type OutputOf } from '@parlance/protocol'

/** Calls operations over REST the way any program would: what the catalog says is all it knows. */
export class ParlanceApi {
  readonly #base: string

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}/api/v1`
  }

  async call<N extends OperationName>(name: N, input: InputOf<N>, token?: string): Promise<OutputOf<N>> {
    const { method, path } = operations[name]
    const body: Record<string, unknown> = { ...(input as Record<string, unknown>) }
    const filled = path.replace(/\{(\w+)\}/g, (_, field: string) => {
      const value = String(body[field])
      delete body[field]
      return encodeURIComponent(value)
    })
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const response = await fetch(this.#base + filled, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${name} answered ${response.status}: ${(await response.text()).slice(0, 300)}`)
    return (await response.json()) as OutputOf<N>
  }
}

/** Works through all items with a few at a time: setting up is not what is measured, and must not flood the server. */
export async function eachOf<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T, index)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  return results
}
