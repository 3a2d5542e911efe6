/** Who is where: for each socket the rooms it is in, by index. It sends into the first. */
export type World = { rooms: number; sockets: number[][] }

/** `rooms` rooms of `members` sockets each; the first `rooms` sockets are in different rooms, so that they can be the senders. */
export const grid = (rooms: number, members: number): World => ({
  rooms,
  sockets: Array.from({ length: rooms * members }, (_, socket) => [socket % rooms]),
})

/** Each step spreads the sockets of a block over its rooms in another way, because none shares a factor with the block's size. */
const strides = [1, 3, 7, 9, 11, 13, 17, 19, 21, 23]
const block = 500
const roomSize = 50

/**
 * Every socket in ten rooms of fifty. Rooms lie within blocks of 500 sockets, so that a socket more brings its share of rooms: the
 * slope of memory over sockets then contains what the rooms cost.
 */
export function tenRoomsEach(sockets: number): World {
  const perLayer = block / roomSize
  const perBlock = perLayer * strides.length
  const roomsOf = (socket: number) =>
    strides.map((stride, layer) => {
      const place = ((socket % block) * stride) % block
      return Math.floor(socket / block) * perBlock + layer * perLayer + Math.floor(place / roomSize)
    })
  return { rooms: Math.ceil(sockets / block) * perBlock, sockets: Array.from({ length: sockets }, (_, socket) => roomsOf(socket)) }
}

/** What every message says, in every system: 40 characters with the stamp. */
export const content = '%stamp% and a bit of text'
