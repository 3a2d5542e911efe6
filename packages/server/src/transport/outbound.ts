/**
 * One open socket as the hub and the conversations see it. Text sent and published reaches the socket in the order of the calls, or the
 * socket closes: nothing in between is ever dropped silently. Calls on a closed socket do nothing.
 */
export interface Wire {
  send(text: string): void
  /** Several at once, in order, for the price of one. */
  sendAll(texts: readonly string[]): void
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  /** Bytes accepted and not yet taken by the peer. */
  buffered(): number
  /** Asks the peer's end of the wire, not its program, for a sign of life; false where none can come. */
  ping(): boolean
  /** Says goodbye with a close frame; what was sent before goes out first. */
  close(code: number, reason: string): void
}

/** Fan-out to every socket subscribed at the moment of the call; one encoding however many there are. */
export interface Outbound {
  publish(topic: string, text: string): void
}

/** Publishes on each: every topic has listeners on one of them, so that order and completeness are those of each. */
export const outboundOf = (...parts: readonly Outbound[]): Outbound => ({
  publish(topic, text) {
    for (const part of parts) part.publish(topic, text)
  },
})
