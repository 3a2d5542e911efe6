import type { SocketServer } from './websocket.ts'

/** A certificate with the chain behind it, and its key, as PEM. */
export type Certificate = { cert: string; key: string }

type Listen = (port: number, certificate: Certificate | null) => SocketServer

/**
 * Where the server listens. The runtime cannot change the certificate of a listening socket, so a new one means to listen anew at the same
 * port; what was connected before stays with the socket that took it, until it ends.
 */
export class Front {
  readonly #listen: Listen
  #certificate: Certificate | null
  #servers: readonly SocketServer[]
  readonly port: number

  constructor(listen: Listen, { port, certificate }: { port: number; certificate: Certificate | null }) {
    this.#listen = listen
    this.#certificate = certificate
    const server = listen(port, certificate)
    this.#servers = [server]
    this.port = server.port ?? port
  }

  publish(topic: string, text: string): void {
    for (const server of this.#servers) server.publish(topic, text)
  }

  /** New connections get this certificate. Throws, and the former stays, where the runtime cannot use it. */
  renew(certificate: Certificate): void {
    for (const before of this.#servers) {
      // Stops listening at once and settles when its last connection has ended. Nothing waits between this and the next line.
      void before.stop().finally(() => {
        this.#servers = this.#servers.filter((server) => server !== before)
      })
    }
    try {
      this.#servers = [this.#listen(this.port, certificate), ...this.#servers]
      this.#certificate = certificate
    } catch (error) {
      this.#servers = [this.#listen(this.port, this.#certificate), ...this.#servers]
      throw error
    }
  }

  /** Takes nothing new. Settles when what is under way has ended; `now` ends it. */
  async stop(now = false): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(now)))
  }
}
