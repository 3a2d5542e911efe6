// The measure of the field: Socket.IO with the websocket transport, otherwise default. Runs on Node (server-process.ts starts it there).
// It stores nothing and knows no user: a socket joins the rooms its query names and a `message` goes to the first of them, sender included.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const http = createServer()
const io = new Server(http, { transports: ['websocket'] })

io.on('connection', (socket) => {
  const rooms = String(socket.handshake.query['rooms']).split(',')
  const first = rooms[0] ?? ''
  void socket.join(rooms)
  socket.on('message', (content: string) => {
    io.to(first).emit('message', content)
  })
})

http.listen(Number(process.env['PORT']), '127.0.0.1')
