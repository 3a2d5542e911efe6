/**
 * Where a request goes; null where its Host is none, or there are two. Without a Host, as the health checks of some load balancers come, the
 * runtime tells the path alone.
 */
export function addressOf(request: Request): URL | null {
  const host = request.headers.get('host') ?? ''
  if (host === '') return URL.parse(`http://localhost${request.url}`)
  return host.includes(',') ? null : URL.parse(request.url)
}

/** A name with a leading dot includes the names below it; the port does not matter. */
export function hostAllowed(host: string, allowed: readonly string[] | null): boolean {
  if (allowed === null) return true
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return allowed.some((entry) =>
    entry.startsWith('.') ? name === entry.slice(1) || name.endsWith(entry) : name === entry || entry === '*',
  )
}
