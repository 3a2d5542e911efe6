import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Script } from './generator.ts'
import { freePort, TargetProcess } from './target-process.ts'
import { content, type World } from './world.ts'

/** A server under measurement and how to load it. */
export type Contender = AsyncDisposable & {
  readonly name: string
  readonly process: TargetProcess
  /** A fresh script for one run: nothing in it was sent before. Sockets `from` up to `to`; all by default. */
  script(from?: number, to?: number): Script
}

const file = (name: string) => join(import.meta.dir, 'targets', name)
const query = (world: World, from?: number, to?: number) => world.sockets.slice(from, to).map((rooms) => `rooms=${rooms.join(',')}`)

/** Socket.IO, measured where it lives: on Node. */
export async function startSocketIo(world: World, dir: string): Promise<Contender> {
  const node = Bun.which('node')
  if (!node) throw new Error('Socket.IO is measured on Node, and there is no node here')
  // Node reads it as evaluated source, which finds packages from the working directory: the checkout.
  const source = new Bun.Transpiler({ loader: 'ts', target: 'node' }).transformSync(readFileSync(file('socketio.ts'), 'utf8'))
  const command = [node, '--input-type=module', '--eval', source]
  const process = await TargetProcess.start({ command, port: freePort(), log: join(dir, 'socketio.log') })
  return {
    name: 'Socket.IO',
    process,
    script: (from, to) => ({
      port: process.port,
      connections: query(world, from, to).map((rooms) => `/socket.io/?EIO=4&transport=websocket&${rooms}\t>40\t<40{`),
      templates: [`42["message","${content}"]`],
      reply: ['2', '3'],
    }),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

export async function startBarePublish(world: World, dir: string): Promise<Contender> {
  const command = [process.execPath, file('bare-publish.ts')]
  const target = await TargetProcess.start({ command, port: freePort(), log: join(dir, 'bare-publish.log') })
  return {
    name: 'bare publish',
    process: target,
    script: (from, to) => ({
      port: target.port,
      connections: query(world, from, to).map((rooms) => `/?${rooms}`),
      templates: [content],
    }),
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  }
}
