/**
 * The server could not be reached, or what answered was not the server. Only requests that write nothing end this way; a write whose
 * answer is missing ends as `unknown_outcome` instead, because it may have happened.
 *
 * @example
 * await client.call('rooms.list', {}).catch((error) => { if (error instanceof ConnectionError) showOffline() })
 */
export class ConnectionError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ConnectionError'
  }
}
