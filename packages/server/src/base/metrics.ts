import { readdirSync } from 'node:fs'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The measurements of one server. Two servers in one process (tests, the simulation) share nothing. */
export type Metrics = ReturnType<typeof createMetrics>

const secondsOfWork = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const intents = [1, 2, 5, 10, 20, 50, 100, 200, 500]

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name: `parlance_${name}`, help, registers })
  const gauge = (name: string, help: string) => new Gauge({ name: `parlance_${name}`, help, registers })
  const histogram = (name: string, help: string, buckets: number[]) => new Histogram({ name: `parlance_${name}`, help, buckets, registers })
  measureProcess(registers)
  return {
    httpRequests: new Counter({
      name: 'parlance_http_requests_total',
      help: 'HTTP requests answered, by route pattern and status',
      labelNames: ['route', 'status'] as const,
      registers,
    }),
    httpSeconds: histogram('http_request_seconds', 'Time from request to response', secondsOfWork),
    socketConnections: gauge('socket_connections', 'Open WebSockets'),
    streamConnections: gauge('stream_connections', 'Open streams of server-sent events'),
    framesIn: counter('socket_frames_in_total', 'Frames received from sockets'),
    framesOut: counter('socket_frames_out_total', 'Frames handed to sockets one by one (published frames are counted as publishes)'),
    sends: counter('sends_total', 'Messages acknowledged for the first time'),
    commitIntents: histogram('commit_batch_intents', 'Intents in one committed batch', intents),
    commitSeconds: histogram('commit_seconds', 'Time of one commit, durable on disk', secondsOfWork),
    queueDepth: gauge('commit_queue_intents', 'Intents waiting for a commit'),
    publishes: counter('publishes_total', 'Events given to the topics of this node'),
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

/**
 * The process in Prometheus' customary names. prom-client's own defaults are not used: under Bun they report a heap of several gigabytes
 * and an event loop lag of 9e15 seconds.
 */
function measureProcess(registers: Registry[]): void {
  const read = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  read('process_cpu_seconds_total', 'User and system CPU time spent', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  read('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
  read('process_uptime_seconds', 'Time since the process started', () => process.uptime())
  if (process.platform === 'linux') read('process_open_fds', 'Open file descriptors', () => readdirSync('/proc/self/fd').length)
}
