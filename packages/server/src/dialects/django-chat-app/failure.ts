import { ChatError } from '@parlance/protocol'
import type { FailedCall, RestAnswer } from '../dialect.ts'
import { failure as asFramework, Refused } from '../drf.ts'

/** A refusal in the envelope, in the words of one endpoint. */
export class Failed extends ChatError {}

/** What the endpoints of this API say, whichever of their fields is meant. */
const words: Partial<Record<ChatError['code'], string>> = {
  username_taken: 'Username is already taken.',
  email_taken: 'Email is already in use.',
  name_taken: 'chat room with this name already exists.',
}

/**
 * Failures stand in an envelope with the first thing that is wrong. Who is not signed in, and a method that is not answered, is told in the
 * framework's own form.
 */
export function failure(error: unknown, call: FailedCall): RestAnswer {
  const plain = asFramework(error, call)
  if (error instanceof ChatError) {
    if (error instanceof Failed) return enveloped(plain, error.detail)
    if (plain.status === 401 || error.code === 'method_not_allowed') return plain
    const taken = words[error.code]
    if (taken !== undefined) return enveloped({ ...plain, status: 400 }, taken)
    const [fault] = error.faults ?? []
    if (fault !== undefined) return enveloped(plain, fault.message)
    if (error instanceof Refused && 'detail' in error.body) return enveloped(plain, String(error.body.detail))
  }
  const detail = 'body' in plain && typeof plain.body === 'object' && plain.body !== null && 'detail' in plain.body ? plain.body.detail : ''
  return enveloped(plain, String(detail))
}

function enveloped({ status, headers = {} }: RestAnswer, message: string): RestAnswer {
  // The framework asks for a token only where it refused one itself.
  const { 'www-authenticate': _asked, ...rest } = headers
  return { status, headers: rest, body: { success: false, message } }
}
