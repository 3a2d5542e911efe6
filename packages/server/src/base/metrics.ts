import { readdirSync } from 'node:fs'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The measurements of one server. Two servers in one process (tests, the simulation) share nothing. */
export type Metrics = ReturnType<typeof createMetrics>

const secondsOfWork = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const intents = [1, 2, 5, 10, 20, 50, 100, 200, 500]

/** Sizes that are looked at when somebody asks for the figures. */
export type Sizes = {
  /** The database file and its log; 0 where the database is not a file here. */
  databaseBytes(): number
  diskFreeBytes(): number
}

export function createMetrics(sizes?: Sizes) {
  const registry = new Registry()
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name: `parlance_${name}`, help, registers })
  const gauge = (name: string, help: string) => new Gauge({ name: `parlance_${name}`, help, registers })
  const histogram = (name: string, help: string, buckets: number[]) => new Histogram({ name: `parlance_${name}`, help, buckets, registers })
  const tally = (name: string, help: string) => {
    const counted = new Tally()
    new Counter({
      name: `parlance_${name}`,
      help,
      registers,
      collect() {
        this.inc(counted.take())
      },
    })
    return counted
  }
  const done = new Map<string, Tally>()
  measureProcess(registers)
  if (sizes !== undefined) {
    measured(
      'parlance_database_bytes',
      { help: 'Size of the database file and its log; 0 where it is not a file here', registers },
      sizes.databaseBytes,
    )
    measured('parlance_disk_free_bytes', { help: 'Free space where the data directory is', registers }, sizes.diskFreeBytes)
  }
  return {
    build: new Gauge({
      name: 'parlance_build_info',
      help: 'Always 1; what runs here',
      labelNames: ['protocol', 'engine', 'runtime'] as const,
      registers,
    }),
    httpRequests: new Counter({
      name: 'parlance_http_requests_total',
      help: 'HTTP requests answered, by method, route pattern and status',
      labelNames: ['method', 'route', 'status'] as const,
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'parlance_http_request_seconds',
      help: 'Time from request to response (of a stream, to its beginning), by the class of the route',
      labelNames: ['class'] as const,
      buckets: secondsOfWork,
      registers,
    }),
    operations: new Counter({
      name: 'parlance_operations_total',
      help: 'Operations that reached their service, at any door, by outcome: ok, refused, failed',
      labelNames: ['operation', 'outcome'] as const,
      registers,
      collect() {
        for (const [operation, counted] of done) this.inc({ operation, outcome: 'ok' }, counted.take())
      },
    }),
    /** Where operations of this name are counted that went well. */
    operationsDone(operation: string): Tally {
      let counted = done.get(operation)
      if (counted === undefined) done.set(operation, (counted = new Tally()))
      return counted
    },
    operationSeconds: new Histogram({
      name: 'parlance_operation_seconds',
      help: 'Time in the service, the commit included, by rate class',
      labelNames: ['rate'] as const,
      buckets: secondsOfWork,
      registers,
    }),
    socketConnections: new Gauge({
      name: 'parlance_socket_connections',
      help: 'Open WebSockets, by the API they speak',
      labelNames: ['dialect'] as const,
      registers,
    }),
    socketCloses: new Counter({
      name: 'parlance_socket_closes_total',
      help: 'WebSockets closed, by the API they spoke and close code',
      labelNames: ['dialect', 'code'] as const,
      registers,
    }),
    resumes: new Counter({
      name: 'parlance_resumes_total',
      help: 'Native connections that became ready, by how: heads (a new client), resumed, reset (of another database)',
      labelNames: ['mode'] as const,
      registers,
    }),
    streamConnections: gauge('stream_connections', 'Open streams of server-sent events'),
    framesIn: tally('socket_frames_in_total', 'Frames received from sockets'),
    framesOut: tally('socket_frames_out_total', 'Frames handed to sockets one by one (published frames are counted as publishes)'),
    sends: tally('sends_total', 'Messages acknowledged for the first time'),
    commitIntents: histogram('commit_batch_intents', 'Intents in one committed batch', intents),
    commitSeconds: histogram('commit_seconds', 'Time of one commit, durable on disk', secondsOfWork),
    queueDepth: gauge('commit_queue_intents', 'Intents waiting for a commit'),
    publishes: tally('publishes_total', 'Events given to the topics of this node'),
    deliveries: tally('deliveries_total', 'Published events times the connections they went to'),
    deliverySeconds: histogram('delivery_seconds', 'From the moment an event was accepted to its publishing on this node', secondsOfWork),
    hubRooms: gauge('hub_rooms', 'Rooms with a listener on this node'),
    hubUsers: gauge('hub_users', 'Users with a connection to this node'),
    hubRingBytes: gauge('hub_ring_bytes', 'Memory of the latest events kept for those who arrive'),
    hubGaps: counter('hub_gaps_total', 'Times the log was read because an event did not come, or came before its predecessor'),
    hubBehind: counter('hub_behind_events_total', 'Positions by which rooms were found behind the log in the regular comparison'),
    loopLag: histogram('event_loop_lag_seconds', 'How much later than due a timer of the process ran', secondsOfWork),
    errors: new Counter({
      name: 'parlance_errors_total',
      help: 'Errors answered, by code',
      labelNames: ['code'] as const,
      registers,
    }),
    contentType: registry.contentType,
    /** Everything in Prometheus' text format. */
    text: () => registry.metrics(),
  }
}

/** Counts what happens with every message by mere addition; prom-client hears the sum when the figures are asked for. */
export class Tally {
  #counted = 0

  inc(by = 1): void {
    this.#counted += by
  }

  /** What was counted since this was last asked. */
  take(): number {
    const counted = this.#counted
    this.#counted = 0
    return counted
  }
}

/** A gauge that is read when it is asked for. */
function measured(name: string, { help, registers }: { help: string; registers: Registry[] }, value: () => number): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(value())
    },
  })
}

/**
 * The process in Prometheus' customary names. prom-client's own defaults are not used: under Bun they report a heap of several gigabytes
 * and an event loop lag of 9e15 seconds.
 */
function measureProcess(registers: Registry[]): void {
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  const read = (name: string, help: string, value: () => number) => measured(name, { help, registers }, value)
  read('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
  read('process_uptime_seconds', 'Time since the process started', () => process.uptime())
  if (process.platform === 'linux') read('process_open_fds', 'Open file descriptors', () => readdirSync('/proc/self/fd').length)
}
