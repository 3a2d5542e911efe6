import type { Finding } from '../../boot/checkup.ts'
import type { Config } from '../../config.ts'

/** What the running server tells of itself; null where none runs. */
export type Vital = { pid: number; url: string; strangeProxies: string[] }

const patienceMs = 5_000

/** What the settings promise to others, and whether they fit each other. */
export function examineSettings(config: Config): Finding[] {
  const found: Finding[] = []
  const add = (level: Finding['level'], text: string) => found.push({ level, text })
  const { publicUrl, trustedProxies, allowedHosts, allowedOrigins } = config
  if (!config.rateLimit) add('warning', 'RATE_LIMIT is off: fit for benchmarks only')
  if (config.redisUrl !== null) add('warning', 'REDIS_URL is set but not used by this version')
  if (publicUrl?.startsWith('http:') === true && !/\/\/(localhost|127\.)/.test(publicUrl))
    add('warning', 'PUBLIC_URL is not https: passwords and tokens travel in the clear')
  if (trustedProxies.some(({ prefix }) => prefix === 0))
    add('fault', 'TRUSTED_PROXIES is everybody: anyone may claim any address, and no limit by address holds')
  if (publicUrl === null) return found
  const { hostname, origin } = new URL(publicUrl)
  if (allowedHosts !== null && !allowedHosts.some((host) => host === hostname || (host.startsWith('.') && `.${hostname}`.endsWith(host))))
    add('fault', `ALLOWED_HOSTS leaves out ${hostname}, the host of PUBLIC_URL: everybody is refused`)
  if (allowedOrigins !== null && !allowedOrigins.includes(origin))
    add('warning', `ALLOWED_ORIGINS leaves out ${origin}, where PUBLIC_URL leads`)
  return found
}

/** Whether the port is to be had, or the server that has it works. */
export async function examineServer({ host, port }: Config, vital: Vital | null): Promise<Finding[]> {
  if (vital === null) return [portFinding(host, port)]
  const found: Finding[] = [{ level: 'ok', text: `a server runs here (process ${vital.pid}, ${vital.url})` }]
  // Its certificate is for the name people use, and not for this address of the same machine.
  const ready = await ask(`${vital.url}/readyz`, {}, { rejectUnauthorized: false })
  if (ready?.status !== 200)
    found.push({ level: 'fault', text: `it is not ready: ${vital.url}/readyz answers ${ready?.status ?? 'nothing'}` })
  for (const proxy of vital.strangeProxies)
    found.push({
      level: 'warning',
      text: `a proxy at ${proxy} says who its clients are and is not believed, so they count as one: name it in TRUSTED_PROXIES`,
    })
  return found
}

function portFinding(host: string, port: number): Finding {
  if (port === 0) return { level: 'ok', text: 'any free port will do' }
  try {
    const probe = Bun.serve({ port, hostname: host, reusePort: false, fetch: () => new Response() })
    void probe.stop(true)
    return { level: 'ok', text: `port ${port} is free` }
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return {
      level: 'fault',
      text: `port ${port} at ${host} is not to be had (${why}): something else listens there, or it needs a privilege`,
    }
  }
}

/** Whether the address people use leads to this server, whole: requests, sockets, and what the proxy says. */
export async function examineWay({ publicUrl }: Config, vital: Vital | null): Promise<Finding[]> {
  if (publicUrl === null || vital === null) return []
  const id = `doctor-${process.pid}`
  const answer = await ask(`${publicUrl}/healthz`, { 'x-request-id': id })
  if (answer === null) return [{ level: 'warning', text: `PUBLIC_URL ${publicUrl} cannot be reached from this machine` }]
  const isOurs = answer.headers.has('x-request-id') && answer.status === 200
  if (!isOurs) return [{ level: 'fault', text: `PUBLIC_URL ${publicUrl} leads somewhere else (${answer.status})` }]
  const found: Finding[] = [{ level: 'ok', text: `PUBLIC_URL ${publicUrl} leads here` }]
  if (!(await opens(`${publicUrl.replace(/^http/, 'ws')}/ws`)))
    found.push({ level: 'warning', text: 'no WebSocket gets through at PUBLIC_URL: the proxy must pass Upgrade and Connection' })
  return found
}

async function ask(url: string, headers: Record<string, string> = {}, tls = {}): Promise<Response | null> {
  try {
    return await fetch(url, { headers, tls, redirect: 'manual', signal: AbortSignal.timeout(patienceMs) })
  } catch {
    return null
  }
}

function opens(url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = new WebSocket(url)
  const signal = AbortSignal.timeout(patienceMs)
  signal.addEventListener('abort', () => resolve(false))
  socket.addEventListener('open', () => resolve(true))
  socket.addEventListener('error', () => resolve(false))
  return promise.finally(() => socket.close())
}
