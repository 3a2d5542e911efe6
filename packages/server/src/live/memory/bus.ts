import type { Bus, ChannelKey, Signal } from '../bus.ts'

/**
 * The bus of a server that is one process: everything published reaches the listener, in order and before `publish` returns. `failed`
 * hears what a listener throws, for the publisher has committed and goes on.
 */
export function memoryBus(failed: (error: unknown) => void = reportError): Bus {
  const rooms = new Set<number>()
  const users = new Set<number>()
  const channels = new Set<string>()
  const names = new Set<string>()
  const waiting: Signal[] = []
  let isDelivering = false
  let deliver: (signal: Signal) => void = () => {}

  const isWanted = (signal: Signal): boolean => {
    switch (signal.kind) {
      case 'user':
      case 'revoked':
        return users.has(signal.user)
      case 'hint':
        return rooms.has(signal.room)
      case 'channel':
        return channels.has(textOf(signal.channel))
      case 'named':
        return names.has(signal.room.name)
      default:
        return rooms.has(signal.room.number)
    }
  }

  const tell = (signal: Signal): void => {
    try {
      deliver(signal)
    } catch (error) {
      failed(error)
    }
  }

  return {
    up: true,
    publish(signal) {
      if (!isWanted(signal)) return
      waiting.push(signal)
      // What a listener publishes while it hears comes behind what is still waiting, or the order would differ from the publisher's.
      if (isDelivering) return
      isDelivering = true
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) tell(next)
      } finally {
        isDelivering = false
      }
    },
    subscribe(topic) {
      if ('room' in topic) rooms.add(topic.room)
      else if ('user' in topic) users.add(topic.user)
      else if ('name' in topic) names.add(topic.name)
      else channels.add(textOf(topic.channel))
      return Promise.resolve()
    },
    unsubscribe(topic) {
      if ('room' in topic) rooms.delete(topic.room)
      else if ('user' in topic) users.delete(topic.user)
      else if ('name' in topic) names.delete(topic.name)
      else channels.delete(textOf(topic.channel))
    },
    listen(listener) {
      deliver = listener
    },
  }
}

const textOf = ({ door, name }: ChannelKey): string => `${door} ${name}`
