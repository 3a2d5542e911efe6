import { ChatError, errors, type OperationName, operationList } from '@parlance/protocol'

/** An operation as a request asks for it, before anything is checked. */
export type Asked = { name: OperationName; input: Record<string, unknown>; token: string | null; status: number }

const routes = operationList().map(([name, spec]) => ({
  name,
  spec,
  pattern: new RegExp(`^/api/v1${spec.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
}))
// Paths without parameters first: /rooms/direct is not the room "direct".
routes.sort((a, b) => Number(a.spec.path.includes('{')) - Number(b.spec.path.includes('{')))

export async function askedBy(request: Request): Promise<Asked> {
  const { pathname, searchParams } = new URL(request.url)
  for (const { name, spec, pattern } of routes) {
    const groups = pattern.exec(pathname)?.groups
    if (spec.method !== request.method || !pattern.test(pathname)) continue
    const path = Object.entries(groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)])
    const query = [...searchParams].map(([key, value]) => [
      key,
      key === 'users' ? value.split(',') : /^\d+$/.test(value) ? Number(value) : value,
    ])
    const body: unknown = request.method === 'GET' || request.method === 'DELETE' ? {} : await request.json()
    const input = { ...(body as object), ...Object.fromEntries([...path, ...query]) } as Record<string, unknown>
    return { name, input, token: request.headers.get('authorization')?.replace(/^Bearer /, '') ?? null, status: spec.status }
  }
  throw new ChatError('not_found')
}

export function problem({ code, detail, retryMs, status }: ChatError): Response {
  const body = {
    type: `/docs/errors#${code}`,
    title: errors[code].text,
    status,
    code,
    detail,
    request_id: 'r',
    ...(retryMs !== undefined && { retry_ms: retryMs }),
  }
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json' } })
}
