import { describe, expect, test } from 'bun:test'
import { join, posix } from 'node:path'

/** The rooms of the house, as paths below packages/. The first that fits a file is its room. */
const rooms = {
  protocol: 'protocol/src/**',
  client: 'client/src/**',
  web: 'web/src/**',
  base: 'server/src/base/**',
  auth: 'server/src/auth/**',
  config: 'server/src/{config.ts,config/**}',
  rules: 'server/src/rules/**',
  mail: 'server/src/mail/**',
  'live ports': 'server/src/live/*.ts',
  'live/memory': 'server/src/live/memory/**',
  'live/redis': 'server/src/live/redis/**',
  // What a service sees of the store: its operations, and the rows and writes they take and give.
  "store's face": 'server/src/store/{store,rows,outcomes,writes,account-writes,identity-writes}.ts',
  store: 'server/src/store/**',
  'service tools': 'server/src/services/{deps.ts,emit.ts,views.ts,refs.ts,parts/**}',
  services: 'server/src/services/**',
  dispatch: 'server/src/dispatch.ts',
  'dialect types': 'server/src/dialects/{dialect,drf,frames,histories,keys,names,one-room,patience,room-talk,simplejwt}.ts',
  'dialect index': 'server/src/dialects/index.ts',
  dialects: 'server/src/dialects/*/**',
  transport: 'server/src/transport/**',
  import: 'server/src/import/**',
  boot: 'server/src/{boot.ts,boot/**}',
  terminal: 'server/src/terminal/**',
  entrances: 'server/src/{main.ts,cli.ts,cli/**}',
  documents: 'server/src/docs.ts',
} as const

type Room = keyof typeof rooms

/** Who may import whom. A room is free within itself, but for the two at the end; type imports count like any other. */
const mayImport: Record<Room, readonly Room[] | 'anything'> = {
  protocol: [],
  base: [],
  auth: [],
  config: [],
  rules: ['protocol'],
  mail: ['base'],
  'live ports': ['protocol'],
  'live/memory': ['live ports', 'base'],
  'live/redis': ['live ports', 'base'],
  // Of the protocol only the words of its rows: roles, kinds, policies, the names of events, and the published bounds.
  "store's face": ['protocol', 'base'],
  store: ["store's face", 'protocol', 'base'],
  'service tools': ['protocol', 'mail', 'rules', 'auth', 'base', "store's face", 'live ports', 'dispatch'],
  services: ['service tools', 'protocol', 'rules', 'auth', 'base', "store's face", 'live ports', 'dispatch'],
  dispatch: ['protocol', 'base'],
  // The face of a dialect shows it the gate's types, the neutral events and nothing else of the house.
  'dialect types': ['protocol', 'dispatch', 'live ports', 'base'],
  dialects: ['dialect types', 'protocol'],
  'dialect index': ['dialects', 'dialect types', 'protocol'],
  transport: ['protocol', 'dispatch', 'dialect types', 'live ports', 'base'],
  import: [],
  boot: 'anything',
  terminal: ['client', 'protocol'],
  entrances: ['boot', 'config', 'base', 'client', 'import', 'terminal', 'protocol'],
  documents: ['protocol', 'config', 'base'],
  client: ['protocol'],
  web: ['client'],
}

/** A service never imports a service, and a dialect never another one: within these rooms only the same folder is near. */
const apart: readonly Room[] = ['services', 'dialects']

/** Rooms whose imports from outside are counted, built-ins of the runtime included: they run in browsers, too. */
const mayUse: Partial<Record<Room, RegExp>> = {
  protocol: /^typebox(\/|$)/,
  client: /^$/,
}

/** Packages that only some files may import, named types included. */
const engines: { module: RegExp; only: string }[] = [
  { module: /^(bun:sqlite|kysely|better-sqlite3|pg|postgres)(\/|$)/, only: 'server/src/{store/**,boot.ts,boot/**}' },
  { module: /^(redis|ioredis|@redis\/.*)$/, only: 'server/src/{live/redis/**,boot.ts,boot/**}' },
]

/** What only some files may say, wherever in their text. */
const words: { what: string; pattern: RegExp; only: string }[] = [
  {
    what: "the runtime's SQL client",
    pattern: /\bBun\.(SQL|sql|postgres)\b|import\s*(type\s*)?\{[^}]*\b(SQL|sql|postgres)\b[^}]*\}\s*from\s*['"]bun['"]/,
    only: 'server/src/{store/drivers/**,boot.ts,boot/**}',
  },
  {
    what: "the runtime's Redis client",
    pattern: /\bBun\.(redis|RedisClient)\b|import\s*(type\s*)?\{[^}]*\b(redis|RedisClient)\b[^}]*\}\s*from\s*['"]bun['"]/,
    only: 'server/src/{live/redis/**,boot.ts,boot/**}',
  },
  {
    what: 'the name of an engine',
    pattern: /sqlite|postgres|redis/i,
    only: 'server/src/{store/**,live/redis/**,import/**,boot.ts,boot/**,config.ts,config/**,cli/doctor/**}',
  },
  {
    what: 'the name of a dialect',
    pattern: /chat[-_]?backend|django[-_]?(realtime[-_]?)?chat[-_]?(app|api)|realtime[-_]?chat/i,
    only: 'server/src/{dialects/**,import/**,config.ts,config/**}',
  },
]

/** What each package shows of itself under its own name. The bounds of the protocol stand alone, too, for who has no use for its schemas. */
const faces: Record<string, string> = {
  protocol: 'protocol/src/index.ts',
  'protocol/limits': 'protocol/src/limits.ts',
  client: 'client/src/index.ts',
  server: 'server/src/main.ts',
}

/** Everything wrong with one file, a line each. `path` is relative to packages/. */
function faultsIn(path: string, source: string): string[] {
  const room = roomOf(path)
  if (room === null) return [`${path}: belongs to no room; give it one in the table`]
  const said = words.filter(({ pattern, only }) => pattern.test(source) && !new Bun.Glob(only).match(path))
  return [
    ...importsOf(path, source).flatMap((target) => refuse(path, room, target) ?? []),
    ...said.map(({ what, pattern }) => `${path}: says ${what} (${pattern.exec(source)?.[0]})`),
  ]
}

function roomOf(path: string): Room | null {
  const names = Object.keys(rooms) as Room[]
  return names.find((name) => new Bun.Glob(rooms[name]).match(path)) ?? null
}

function refuse(path: string, room: Room, target: string): string | null {
  const file = fileOf(path, target)
  if (file === null) return refusePackage(path, room, target)
  if (target.startsWith('.') && file.split('/')[0] !== path.split('/')[0]) return `${path}: reaches ${file} past the face of its package`
  const other = roomOf(file)
  if (other === null) return `${path}: imports ${target}, which belongs to no room`
  const isNear = other === room && (!apart.includes(room) || folderWithin(room, file) === folderWithin(room, path))
  const allowed = mayImport[room]
  return isNear || allowed === 'anything' || allowed.includes(other) ? null : `${path}: ${room} may not import ${other} (${target})`
}

/** The file that an import means; null for packages of others. */
function fileOf(path: string, target: string): string | null {
  if (target.startsWith('.')) return posix.join(posix.dirname(path), target)
  return target.startsWith('@parlance/') ? (faces[target.slice('@parlance/'.length)] ?? target) : null
}

function refusePackage(path: string, room: Room, target: string): string | null {
  const isKept = engines.some(({ module, only }) => module.test(target) && !new Bun.Glob(only).match(path))
  return isKept || mayUse[room]?.test(target) === false ? `${path}: ${room} may not use ${target}` : null
}

/** Dialects are told apart by folder; a service is one file, so each stands alone. */
function folderWithin(room: Room, path: string): string {
  return room === 'dialects' ? posix.join(...path.split('/').slice(0, 4)) : path
}

/**
 * Every module a source names. The transpiler reads the imports that run, however they are written; the expressions add those that are
 * erased (types, `typeof import('x')`) and modules started as workers.
 */
function importsOf(path: string, source: string): string[] {
  const running = new Bun.Transpiler({ loader: path.endsWith('x') ? 'tsx' : 'ts' }).scanImports(source).map(({ path: target }) => target)
  const clause = String.raw`(?:[\w$]+\s*,?\s*)?(?:\{[^}]*\}|\*(?:\s*as\s+[\w$]+)?)?`
  const written = [
    new RegExp(String.raw`^[ \t]*(?:import|export)\s+(?:type\s+)?${clause}\s*from\s*['"]([^'"]+)['"]`, 'gm'),
    /\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g,
    /\bnew\s+(?:URL|Worker)\(\s*['"]([^'"]+\.tsx?)['"]/g,
  ]
  const all = [...running, ...written.flatMap((pattern) => [...source.matchAll(pattern)].map(([, target = '']) => target))]
  const isHidden = /\bimport\s*\(\s*[^'"`\s)]/.test(source)
  return [...new Set(isHidden ? [...all, './(a computed import)'] : all)]
}

/** Files that import each other in a loop, as one walk meets them: at least one loop of every knot. A type ties like anything else. */
function circlesIn(sources: ReadonlyMap<string, string>): string[] {
  const circles: string[] = []
  const done = new Set<string>()
  const walk = (file: string, way: readonly string[]): void => {
    const met = way.indexOf(file)
    if (met >= 0) circles.push([...way.slice(met), file].join(' -> '))
    if (met >= 0 || done.has(file)) return
    for (const target of importsOf(file, sources.get(file) ?? '')) walk(fileOf(file, target) ?? target, [...way, file])
    done.add(file)
  }
  for (const file of sources.keys()) walk(file, [])
  return circles
}

const packages = join(import.meta.dir, '../..')

const files = [...new Bun.Glob('*/src/**/*.{ts,tsx}').scanSync(packages)].sort()
const sources = new Map(await Promise.all(files.map(async (path) => [path, await Bun.file(join(packages, path)).text()] as const)))

test('every import in the house follows the rules', () => {
  const faults = [...sources].flatMap(([path, source]) => faultsIn(path, source))
  expect(sources.size).toBeGreaterThan(10)
  expect(faults).toEqual([])
})

test('no files import each other in a circle, not even for a type', () => {
  expect(circlesIn(sources)).toEqual([])
})

test('a planted circle is found, also one through a package and by types alone', () => {
  const planted = new Map([
    ['server/src/main.ts', "export * from './hub.ts'"],
    ['server/src/hub.ts', "import type { Seat } from './seat.ts'\nimport { log } from './log.ts'"],
    ['server/src/log.ts', ''],
    ['server/src/seat.ts', "import type { Hub } from '@parlance/server'\nimport { log } from './log.ts'"],
    ['server/src/own.ts', "type Own = import('./own.ts').Own"],
  ])
  expect(circlesIn(planted)).toEqual([
    'server/src/main.ts -> server/src/hub.ts -> server/src/seat.ts -> server/src/main.ts',
    'server/src/own.ts -> server/src/own.ts',
  ])
})

test('the thread that writes loads none of the published schemas, which would take longer than all the rest of its start', async () => {
  const entry = join(packages, 'server/src/store/drivers/sqlite-thread-entry.ts')
  const { metafile } = await Bun.build({ entrypoints: [entry], target: 'bun', metafile: true })
  const loaded = Object.keys(metafile?.inputs ?? {})
  expect(loaded.filter((path) => path.endsWith('/sqlite.ts'))).toHaveLength(1)
  expect(loaded.filter((path) => /typebox|protocol\/src\/(?!limits\.ts)/.test(path))).toEqual([])
})

describe('a planted arrow is found', () => {
  const cases: [path: string, source: string, fault: string][] = [
    ['protocol/src/rooms.ts', "import { z } from 'zod'", 'protocol may not use zod'],
    ['protocol/src/rooms.ts', "import { readFileSync } from 'node:fs'", 'protocol may not use node:fs'],
    ['protocol/src/rooms.ts', "import type { Hub } from '@parlance/server'", 'protocol may not import entrances'],
    ['server/src/base/ids.ts', "import type { RoomId } from '@parlance/protocol'", 'base may not import protocol'],
    ['server/src/auth/tokens.ts', "import { systemClock } from '../base/clock.ts'", 'auth may not import base'],
    ['server/src/config.ts', "export { limits } from '@parlance/protocol'", 'config may not import protocol'],
    ['server/src/rules/permissions.ts', "import '../base/log.ts'", 'rules may not import base'],
    ['server/src/live/memory/bus.ts', "import { bus } from '../redis/bus.ts'", 'live/memory may not import live/redis'],
    ['server/src/store/tables/rooms.ts', "import { mayPost } from '../../rules/permissions.ts'", 'store may not import rules'],
    ['server/src/services/rooms.ts', "import { sendMessage } from './messages.ts'", 'services may not import services'],
    ['server/src/services/rooms.ts', "import { db } from '../store/tables/rooms.ts'", 'services may not import store'],
    ['server/src/services/rooms.ts', "type Hub = import('../transport/hub.ts').Hub", 'services may not import transport'],
    ['server/src/transport/router.ts', "import {\n  a,\n  type B,\n} from '../services/rooms.ts'", 'transport may not import services'],
    ['server/src/transport/router.ts', "const { x } = await import('../store/store.ts')", "transport may not import store's face"],
    ['server/src/transport/router.ts', "import a, * as b from '../boot.ts'\na(b)", 'transport may not import boot'],
    ['server/src/dialects/native/rest.ts', "export * from '../other/rest.ts'", 'dialects may not import dialects'],
    ['server/src/dialects/native/rest.ts', "export type * from '../../dispatch.ts'", 'dialects may not import dispatch'],
    ['server/src/dispatch.ts', "void new Worker(new URL('./services/rooms.ts', import.meta.url))", 'dispatch may not import services'],
    ['server/src/dispatch.ts', 'await import(name)', 'imports ./(a computed import)'],
    ['server/src/dispatch.ts', "import { x } from '../../protocol/src/rooms.ts'", 'past the face of its package'],
    ['server/src/cli.ts', "import { send } from './services/messages.ts'", 'entrances may not import services'],
    ['server/src/helpers.ts', '', 'belongs to no room'],
    ['client/src/socket.ts', "import { WebSocket } from 'ws'", 'client may not use ws'],
    ['web/src/app.tsx', "import { catalog } from '@parlance/protocol'", 'web may not import protocol'],
    ['server/src/services/rooms.ts', "import { sql } from 'kysely'", 'services may not use kysely'],
    ['server/src/live/memory/bus.ts', "import { Database } from 'bun:sqlite'", 'live/memory may not use bun:sqlite'],
    ['server/src/store/tables/rooms.ts', "import { file, SQL } from 'bun'", "says the runtime's SQL client"],
    ['server/src/store/drivers/sqlite.ts', 'await Bun.redis.get(key)', "says the runtime's Redis client (Bun.redis)"],
    ['server/src/transport/hub.ts', "if (engine === 'postgres') wait()", 'says the name of an engine (postgres)'],
    ['server/src/transport/hub.ts', 'if (isDjangoChatApp) wait()', 'says the name of a dialect (DjangoChatApp)'],
    ['server/src/services/rooms.ts', "if (dia === 'realtime-chat') skip()", 'says the name of a dialect (realtime-chat)'],
  ]
  for (const [path, source, fault] of cases) {
    test(`${source.split('\n')[0] || 'a file without a room'} (${path})`, () => {
      expect(faultsIn(path, source).join('\n')).toContain(fault)
    })
  }
})

describe('an allowed arrow is let pass', () => {
  const cases: [path: string, source: string][] = [
    [
      'protocol/src/rooms.ts',
      "import { Type } from 'typebox'\nimport { Compile } from 'typebox/compile'\nimport { limits } from './limits.ts'",
    ],
    ['server/src/services/rooms.ts', "import type { Deps } from './deps.ts'\nimport { mayPost } from '../rules/permissions.ts'"],
    [
      'server/src/store/drivers/sqlite.ts',
      "import { Database } from 'bun:sqlite'\nimport { Kysely } from 'kysely'\nimport { SQL } from 'bun'",
    ],
    ['server/src/dialects/native/rest.ts', "import { shape } from './shapes.ts'\nimport type { Dialect } from '../dialect.ts'"],
    ['server/src/dialects/index.ts', "import { native } from './native/rest.ts'"],
    ['server/src/transport/hub.ts', "import type { Bus } from '../live/bus.ts'\n/**\n * import { x } from '../services/rooms.ts'\n */"],
    ['server/src/boot.ts', "import { createRooms } from './services/rooms.ts'\nimport { Client } from '@parlance/client'"],
    ['client/src/socket.ts', "import { frames } from '@parlance/protocol'"],
  ]
  for (const [path, source] of cases) {
    test(`${source.split('\n')[0]} (${path})`, () => {
      expect(faultsIn(path, source)).toEqual([])
    })
  }
})
