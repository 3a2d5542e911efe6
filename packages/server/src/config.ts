import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { defaultLimits, type Limits } from './config/limits.ts'
import { type IssuerConfig, readIssuer } from './config/issuer.ts'
import { readTls, type TlsConfig } from './config/tls.ts'
import { flagOf, SETTINGS, type Setting, type SettingName } from './config/settings.ts'
import {
  hostName,
  integer,
  listenAddress,
  listOf,
  type Network,
  network,
  oneOf,
  onOff,
  origin,
  type Parse,
  sender,
  text,
  Unfit,
  urlOf,
} from './config/values.ts'

export { SETTINGS } from './config/settings.ts'

export const dialectNames = ['chat-backend', 'django-chat-app', 'django-realtime-chat-api', 'django-chat-api', 'realtime-chat'] as const
export type DialectName = (typeof dialectNames)[number]

export type DatabaseConfig = { engine: 'sqlite'; file: string } | { engine: 'postgres'; url: string }

/** `rotate`: a refresh also brings a new refresh token; `blacklist`: and the one before it ends. */
export type TokenPolicy = { accessSeconds: number; refreshSeconds: number; rotate: boolean; blacklist: boolean }

/** Everything an installation decides. `null` stands for "not set", and for lists of what is allowed it means that anything is. */
export type Config = {
  port: number
  host: string
  tls: TlsConfig | null
  /** Absolute. */
  dataDir: string
  database: DatabaseConfig
  redisUrl: string | null
  secretKey: string | null
  /** An origin, without a slash at the end. */
  publicUrl: string | null
  trustedProxies: Network[]
  allowedOrigins: string[] | null
  /** Origins besides our own that may use the refresh cookie. */
  cookieOrigins: string[]
  /** Lower case; one with a leading dot includes the names below it. */
  allowedHosts: string[] | null
  registration: 'open' | 'invite' | 'off'
  /** Whose tokens are accepted besides our own. */
  issuer: IssuerConfig | null
  /** How to send mail; `url` is of the scheme smtp or smtps. */
  mail: { url: string; from: string } | null
  dialects: DialectName[]
  rateLimit: boolean
  logLevel: 'debug' | 'info' | 'warn' | 'error'
  metricsToken: string | null
  showEmails: boolean
  /** What the environment decides of the tokens that a dialect issues; a record, so that boot hands it on without naming one. */
  dialectTokens: Partial<Record<DialectName, TokenPolicy>>
  limits: Limits
}

/** The configuration cannot be used; `faults` says everything that is wrong with it, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(['The configuration cannot be used:', ...faults.map((fault) => `- ${fault}`)].join('\n'))
    this.faults = faults
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the environment and the command line's flags (`--port 8000`, `--data-dir=x`), which win. An empty variable is one that is not set.
 * `limits` is for tests. Throws a ConfigError that lists all faults at once.
 */
export function readConfig(environment: Environment, flags: readonly string[] = [], limits: Partial<Limits> = {}): Config {
  const source = new Source(environment, flags)
  const { get, optional } = source
  const dataDir = resolve(get('DATA_DIR', text))
  const issuer = readIssuer(source)
  const config: Omit<Config, 'mail'> = {
    port: get('PORT', integer(0, 65_535)),
    host: get('HOST', listenAddress),
    tls: readTls(source),
    dataDir,
    database: readDatabase(source, join(dataDir, 'parlance.db')),
    redisUrl: optional('REDIS_URL', urlOf('redis://localhost:6379', 'redis', 'rediss')),
    secretKey: optional('SECRET_KEY', secret),
    publicUrl: optional('PUBLIC_URL', origin),
    trustedProxies: get('TRUSTED_PROXIES', listOf(network)),
    allowedOrigins: anyOr(
      optional(
        'ALLOWED_ORIGINS',
        listOf((item) => (item === '*' ? item : origin(item))),
      ),
    ),
    cookieOrigins: get('CSRF_ALLOWED', listOf(origin)),
    allowedHosts: anyOr(union(optional('ALLOWED_HOSTS', listOf(hostName)), optional('DJANGO_ALLOWED_HOSTS', listOf(hostName)))),
    // People of an issuer come from there, unless it is said that others may come, too.
    registration: optional('REGISTRATION', oneOf('open', 'invite', 'off')) ?? (issuer === null ? 'open' : 'off'),
    issuer,
    dialects: get('DIALECTS', dialects),
    rateLimit: get('RATE_LIMIT', onOff),
    logLevel: optional('LOG_LEVEL', oneOf('debug', 'info', 'warn', 'error')) ?? (get('DEBUG', onOff) ? 'debug' : 'info'),
    metricsToken: optional('METRICS_TOKEN', text),
    showEmails: get('SHOW_EMAILS', onOff),
    dialectTokens: { 'realtime-chat': readTokenPolicy(source) },
    limits: { ...defaultLimits, ...limits },
  }
  const mail = readMail(source, config.publicUrl)
  if (source.faults.length > 0) throw new ConfigError(source.faults)
  return { ...config, mail }
}

/** Where a setting's text comes from, and what was found wrong on the way. */
class Source {
  readonly faults: string[] = []
  readonly #environment: Environment
  readonly #flags: Map<string, string>

  constructor(environment: Environment, flags: readonly string[]) {
    this.#environment = environment
    this.#flags = readFlags(flags, this.faults)
  }

  /** The setting's value, or its default's. */
  readonly get = <T>(name: SettingName, parse: Parse<T>): T => {
    const fallback = SETTINGS.find((setting) => setting.name === name)?.default ?? ''
    return this.optional(name, parse) ?? parse(fallback)
  }

  /** The setting's value, or null where it is not set. After a fault, too: its value is of no matter then, as all of it is refused. */
  readonly optional = <T>(name: SettingName, parse: Parse<T>): T | null => {
    const flag = this.#flags.get(name)
    const value = flag ?? this.#environment[name]?.trim() ?? ''
    if (value === '') return null
    try {
      return parse(value)
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      const setting: Setting | undefined = SETTINGS.find((one) => one.name === name)
      this.faults.push(
        `${flag === undefined ? name : flagOf(name)}: ${setting?.isSecret ? 'the value' : `"${value}"`} is not ${error.message}`,
      )
      return null
    }
  }
}

function readFlags(flags: readonly string[], faults: string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (let i = 0; i < flags.length; i += 1) {
    const [, flag, inline] = /^(--[^=]+)(?:=([^]*))?$/.exec(flags[i] ?? '') ?? []
    const setting: Setting | undefined = SETTINGS.find(({ name }) => flagOf(name) === flag)
    const next = flags[i + 1]
    if (setting === undefined) faults.push(`${flags[i]}: there is no such flag`)
    else if (inline !== undefined) values.set(setting.name, inline)
    else if (next !== undefined && !next.startsWith('--')) {
      values.set(setting.name, next)
      i += 1
    } else if (setting.isSwitch) values.set(setting.name, 'on')
    else faults.push(`${flag}: needs a value`)
  }
  return values
}

function readDatabase({ get, optional }: Source, file: string): DatabaseConfig {
  const url = optional('DATABASE_URL', urlOf('postgres://user:password@localhost:5432/name', 'postgres', 'postgresql'))
  const name = optional('DB_NAME', text)
  const password = optional('DB_PASSWORD', text)
  const user = encodeURIComponent(get('DB_USER', text)) + (password === null ? '' : `:${encodeURIComponent(password)}`)
  const host = `${get('DB_HOST', hostName)}:${get('DB_PORT', integer(1, 65_535))}`
  if (url !== null) return { engine: 'postgres', url }
  if (name === null) return { engine: 'sqlite', file }
  return { engine: 'postgres', url: `postgres://${user}@${host}/${encodeURIComponent(name)}` }
}

function readMail({ optional, faults }: Source, publicUrl: string | null): Config['mail'] {
  const url = optional('SMTP_URL', urlOf('smtp://user:password@mail.example.org:587', 'smtp', 'smtps'))
  const from = optional('MAIL_FROM', sender)
  if (url === null) return null
  // A link must never begin with whatever host a request named: its receiver would hand the token to a stranger's server.
  if (publicUrl === null) faults.push('SMTP_URL: needs PUBLIC_URL, which links in mails begin with')
  if (from === null) faults.push('SMTP_URL: needs MAIL_FROM, the sender of the mails')
  return { url, from: from ?? '' }
}

function readTokenPolicy({ get }: Source): TokenPolicy {
  return {
    accessSeconds: get('ACCESS_TOKEN_LIFETIME_MINUTES', integer(1, 525_600)) * 60,
    refreshSeconds: get('REFRESH_TOKEN_LIFETIME_DAYS', integer(1, 3_650)) * 86_400,
    rotate: get('ROTATE_REFRESH_TOKENS', onOff),
    blacklist: get('BLACKLIST_AFTER_ROTATION', onOff),
  }
}

const secret: Parse<string> = (value) => {
  if (Buffer.byteLength(value) >= 32) return value
  throw new Unfit(`at least 32 bytes long. This line would do:\n  SECRET_KEY=${randomBytes(32).toString('base64url')}`)
}

const dialects: Parse<DialectName[]> = (value) => {
  if (value === 'all') return [...dialectNames]
  return value === 'none' ? [] : listOf(oneOf(...dialectNames))(value)
}

function union(one: string[] | null, other: string[] | null): string[] | null {
  return one === null && other === null ? null : [...(one ?? []), ...(other ?? [])]
}

function anyOr(allowed: string[] | null): string[] | null {
  return allowed?.includes('*') ? null : allowed
}
