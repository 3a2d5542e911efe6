// The anchor: the least this runtime can do. It stores nothing, checks nothing and publishes the frame it got, sender included.
type Rooms = { rooms: string[] }

const server = Bun.serve<Rooms>({
  hostname: '127.0.0.1',
  port: Number(process.env['PORT']),
  fetch(request, upgrader) {
    const rooms = (new URL(request.url).searchParams.get('rooms') ?? '').split(',')
    return upgrader.upgrade(request, { data: { rooms } }) ? undefined : new Response('a socket only', { status: 426 })
  },
  websocket: {
    open(socket) {
      for (const room of socket.data.rooms) socket.subscribe(room)
    },
    message(socket, message) {
      server.publish(socket.data.rooms[0] ?? '', message)
    },
  },
})
