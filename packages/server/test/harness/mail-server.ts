/** What a mail server does with the next mails: takes them, refuses each for good, puts them off, or never says a word. */
export type Mood = 'takes' | 'refuses' | 'puts off' | 'silent'
export type Received = { from: string; to: string; subject: string; text: string }

export type MailServer = AsyncDisposable & {
  url: string
  /** Mails taken, in order. */
  received: Received[]
  mood: Mood
  /** How often somebody tried to hand over a mail. */
  attempts: number
}

type State = { text: string; from: string; to: string; isData: boolean }

/** A mail server on loopback that speaks as much SMTP as a sender needs. */
export function mailServer(): MailServer {
  const server: Omit<MailServer, 'url' | typeof Symbol.asyncDispose> = { received: [], mood: 'takes', attempts: 0 }
  const listener = Bun.listen<State>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        socket.data = { text: '', from: '', to: '', isData: false }
        if (server.mood !== 'silent') socket.write('220 test ESMTP\r\n')
      },
      data(socket, bytes) {
        const state = socket.data
        state.text += bytes.toString('utf8')
        for (let end = state.text.indexOf('\r\n'); end >= 0; end = state.text.indexOf('\r\n')) {
          if (state.isData) {
            const over = state.text.indexOf('\r\n.\r\n')
            if (over < 0) return
            server.received.push(parsed(state, state.text.slice(0, over)))
            Object.assign(state, { text: state.text.slice(over + 5), isData: false })
            socket.write('250 taken\r\n')
            continue
          }
          const line = state.text.slice(0, end)
          state.text = state.text.slice(end + 2)
          socket.write(`${answer(line, state, server)}\r\n`)
        }
      },
    },
  })
  return Object.assign(server, {
    url: `smtp://127.0.0.1:${listener.port}`,
    [Symbol.asyncDispose]: () => Promise.resolve(listener.stop(true)),
  })
}

function answer(line: string, state: State, server: { mood: Mood; attempts: number }): string {
  const [, address = ''] = /<([^>]*)>/.exec(line) ?? []
  if (/^EHLO/i.test(line)) return '250 test'
  if (/^MAIL FROM/i.test(line)) {
    server.attempts += 1
    state.from = address
    return '250 ok'
  }
  if (/^RCPT TO/i.test(line)) {
    state.to = address
    return server.mood === 'refuses' ? `550 no such box: ${address}` : server.mood === 'puts off' ? '451 later' : '250 ok'
  }
  if (/^DATA/i.test(line)) {
    state.isData = true
    return '354 go on'
  }
  return /^QUIT/i.test(line) ? '221 bye' : '250 ok'
}

function parsed({ from, to }: State, mail: string): Received {
  const [head = '', ...body] = mail.split('\r\n\r\n')
  const subject = /^Subject: (.*)$/im.exec(head)?.[1] ?? ''
  const raw = body.join('\r\n\r\n')
  const isQuoted = /^Content-Transfer-Encoding: quoted-printable/im.test(head)
  const text = isQuoted
    ? raw.replaceAll('=\r\n', '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : raw
  return { from, to, subject, text }
}
