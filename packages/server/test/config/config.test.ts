import { describe, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { ConfigError, readConfig, SETTINGS } from '../../src/config.ts'

function faultsOf(environment: Record<string, string>, flags: string[] = []): readonly string[] {
  try {
    readConfig(environment, flags)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('the configuration', () => {
  test('is complete without any setting', () => {
    expect(readConfig({})).toMatchObject({
      port: 8000,
      host: '0.0.0.0',
      dataDir: resolve('data'),
      database: { engine: 'sqlite', file: resolve('data/parlance.db') },
      redisUrl: null,
      secretKey: null,
      publicUrl: null,
      trustedProxies: [],
      allowedOrigins: null,
      cookieOrigins: [],
      allowedHosts: null,
      registration: 'open',
      dialects: ['chat-backend', 'django-chat-app', 'django-realtime-chat-api', 'django-chat-api', 'realtime-chat'],
      rateLimit: true,
      logLevel: 'info',
      metricsToken: null,
      showEmails: false,
      dialectTokens: { 'realtime-chat': { accessSeconds: 300, refreshSeconds: 86_400, rotate: false, blacklist: false } },
      limits: { accessTokenSeconds: 900, refreshTokenDays: 30 },
    })
  })

  test('takes an empty variable for one that is not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ', ALLOWED_ORIGINS: '' })).toEqual(readConfig({}))
  })

  test('prefers a flag to the environment, in either spelling', () => {
    const config = readConfig({ PORT: '1', DATA_DIR: '/a', REGISTRATION: 'off' }, ['--port', '9000', '--data-dir=/b', '--debug'])
    expect(config).toMatchObject({ port: 9000, dataDir: '/b', registration: 'off', logLevel: 'debug' })
    expect(readConfig({}, ['--rate-limit', 'off', '--rotate-refresh-tokens', '--port=0'])).toMatchObject({
      rateLimit: false,
      port: 0,
      dialectTokens: { 'realtime-chat': { rotate: true } },
    })
  })

  test('has a flag for every setting', () => {
    const all = SETTINGS.map(({ name }) => `--${name.toLowerCase().replaceAll('_', '-')}=`)
    expect(readConfig({}, all)).toEqual(readConfig({}))
  })

  test('sends mail only where links have a beginning and mails a sender', () => {
    const url = 'smtps://me:hunter2@mail.example.org'
    const from = 'Chat <chat@example.org>'
    expect(readConfig({}).mail).toBeNull()
    expect(readConfig({ SMTP_URL: url, MAIL_FROM: from, PUBLIC_URL: 'https://chat.example.org' }).mail).toEqual({ url, from })
    const faults = faultsOf({ SMTP_URL: url })
    expect(faults).toHaveLength(2)
    expect(faults.join()).toMatch(/PUBLIC_URL.*MAIL_FROM/)
    for (const bad of ['x', 'a@b, c@d', 'Chat <chat@example.org> x', 'a@b\r\nBcc: c@d']) {
      expect(faultsOf({ SMTP_URL: url, MAIL_FROM: bad, PUBLIC_URL: 'https://chat.example.org' })[0]).toContain('MAIL_FROM')
    }
    expect(faultsOf({ SMTP_URL: 'http://me:hunter2@mail' }).join()).not.toContain('hunter2')
  })

  test('names all faults at once', () => {
    const faults = faultsOf(
      {
        HOST: 'a b',
        DATABASE_URL: 'mysql://root:hunter2@db/x',
        REDIS_URL: 'localhost',
        PUBLIC_URL: 'https://chat.example.org/app',
        TRUSTED_PROXIES: '10.0.0.0/8, 10.0.0.0/33, proxy',
        ALLOWED_ORIGINS: 'example.org',
        REGISTRATION: 'maybe',
        DIALECTS: 'django-chat-app,irc',
        RATE_LIMIT: 'sometimes',
        DB_PORT: '0',
      },
      ['--port', '65536', '--host', '--colour=red', 'serve', '--log-level'],
    )
    expect(faults.map((fault) => fault.split(':')[0])).toEqual([
      '--host',
      '--colour=red',
      'serve',
      '--log-level',
      '--port',
      'HOST',
      'DATABASE_URL',
      'DB_PORT',
      'REDIS_URL',
      'PUBLIC_URL',
      'TRUSTED_PROXIES',
      'ALLOWED_ORIGINS',
      'REGISTRATION',
      'DIALECTS',
      'RATE_LIMIT',
    ])
    expect(faults).toContain('--port: "65536" is not a whole number from 0 to 65535')
    expect(faults).toContain('REGISTRATION: "maybe" is not one of open, invite, off')
    expect(faults.join()).not.toContain('hunter2')
  })

  test('names the setting that is wrong, whichever it is', () => {
    const texts = ['DATA_DIR', 'TLS_CERT', 'TLS_KEY', 'METRICS_TOKEN', 'AUTH_ISSUER', 'AUTH_AUDIENCE', 'DB_NAME', 'DB_USER', 'DB_PASSWORD']
    for (const { name } of SETTINGS) {
      const faults = faultsOf({ [name]: 'gar bage!!' })
      if (!texts.includes(name)) expect(faults.map((fault) => fault.split(':')[0])).toEqual([name])
      // A text may be anything, but two settings that need each other are told by the one that is there.
      else if (name.startsWith('AUTH_') || name.startsWith('TLS_')) expect(faults.join()).toContain(name)
      else expect(faults).toEqual([])
    }
  })

  test('refuses numbers that only look like some', () => {
    for (const port of ['-1', '8e3', '0x50', '80.5', '١', '8000 9000', 'Infinity']) expect(faultsOf({ PORT: port })).toHaveLength(1)
  })

  test('refuses a short SECRET_KEY without showing it, with a line to paste that is accepted', () => {
    const [fault = ''] = faultsOf({ SECRET_KEY: 'your-secret-key-here' })
    expect(fault).toStartWith('SECRET_KEY: the value is not at least 32 bytes long')
    expect(fault).not.toContain('your-secret-key-here')
    const [, pasted = ''] = /SECRET_KEY=(.+)$/.exec(fault) ?? []
    expect(readConfig({ SECRET_KEY: pasted }).secretKey).toBe(pasted)
    expect(readConfig({ SECRET_KEY: 'é'.repeat(16) }).secretKey).toBe('é'.repeat(16))
  })

  test('lets a test choose limits that no environment can', () => {
    expect(readConfig({ ACCESSTOKENSECONDS: '5' }, [], { hashesWaiting: 3 }).limits).toMatchObject({
      hashesWaiting: 3,
      accessTokenSeconds: 900,
    })
  })
})

describe('the values of a setting', () => {
  test('may be any origin, or a list of them as browsers send them', () => {
    const origins = (ALLOWED_ORIGINS: string) => readConfig({ ALLOWED_ORIGINS }).allowedOrigins
    expect(origins('https://Chat.example.org/, http://localhost:5173')).toEqual(['https://chat.example.org', 'http://localhost:5173'])
    expect(origins('*')).toBeNull()
    for (const bad of ['https://a.org/x', 'https://u:p@a.org', 'ws://a.org', 'null', 'https://*.a.org', 'https://a.org?x']) {
      expect(faultsOf({ ALLOWED_ORIGINS: bad })).toHaveLength(1)
    }
  })

  test('may be networks of either family', () => {
    expect(readConfig({ TRUSTED_PROXIES: '10.1.2.3, fd00::/8,127.0.0.0/8' }).trustedProxies).toEqual([
      { address: '10.1.2.3', prefix: 32, family: 'ipv4' },
      { address: 'fd00::', prefix: 8, family: 'ipv6' },
      { address: '127.0.0.0', prefix: 8, family: 'ipv4' },
    ])
    for (const bad of ['10.0.0', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0.0/-1'])
      expect(faultsOf({ TRUSTED_PROXIES: bad })).toHaveLength(1)
  })

  test('switch older APIs off by naming those to keep', () => {
    expect(readConfig({ DIALECTS: 'realtime-chat, chat-backend' }).dialects).toEqual(['realtime-chat', 'chat-backend'])
    expect(readConfig({ DIALECTS: 'none' }).dialects).toEqual([])
  })
})

describe('the documented older names', () => {
  test('of a database are a PostgreSQL URL, where DATABASE_URL is not set', () => {
    const older = { DB_NAME: 'my chat', DB_USER: 'al:ice', DB_PASSWORD: 'p@ss/w?rd', DB_HOST: 'db.local', DB_PORT: '5433' }
    const { database } = readConfig(older)
    expect(database).toEqual({ engine: 'postgres', url: 'postgres://al%3Aice:p%40ss%2Fw%3Frd@db.local:5433/my%20chat' })
    const url = 'postgresql://a:b@c/d'
    expect(readConfig({ ...older, DATABASE_URL: url }).database).toEqual({ engine: 'postgres', url })
    expect(readConfig({ DB_NAME: 'chat' }).database).toEqual({ engine: 'postgres', url: 'postgres://postgres@localhost:5432/chat' })
    expect(readConfig({ DB_HOST: 'db.local' }).database.engine).toBe('sqlite')
  })

  test("as the older projects' own examples set them are understood", () => {
    const config = readConfig({
      ACCESS_TOKEN_LIFETIME_MINUTES: '5',
      REFRESH_TOKEN_LIFETIME_DAYS: '2',
      ROTATE_REFRESH_TOKENS: 'True',
      BLACKLIST_AFTER_ROTATION: 'True',
      DEBUG: 'True',
      ALLOWED_HOSTS: 'localhost,127.0.0.1',
      DJANGO_ALLOWED_HOSTS: '.Example.org',
      REDIS_URL: 'redis://127.0.0.1:6379/1',
      CSRF_ALLOWED: 'http://localhost:8000',
    })
    expect(config).toMatchObject({
      dialectTokens: { 'realtime-chat': { accessSeconds: 300, refreshSeconds: 172_800, rotate: true, blacklist: true } },
      logLevel: 'debug',
      allowedHosts: ['localhost', '127.0.0.1', '.example.org'],
      redisUrl: 'redis://127.0.0.1:6379/1',
      cookieOrigins: ['http://localhost:8000'],
    })
    expect(readConfig({ DEBUG: 'True', LOG_LEVEL: 'warn' }).logLevel).toBe('warn')
    expect(readConfig({ ALLOWED_HOSTS: '*' }).allowedHosts).toBeNull()
  })
})
