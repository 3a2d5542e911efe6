export type Setting = {
  /** The environment's name. The command line's is the same in lower case with dashes: DATA_DIR is `--data-dir`. */
  name: string
  /** As one would write it; empty where the setting is absent unless given. */
  default: string
  description: string
  /** May be given as a flag without a value, which means `on`. */
  isSwitch?: true
  /** Never shown, not even in an error. */
  isSecret?: true
}

/** Everything that can be set, in the order of the README's table and of `--help`. */
export const SETTINGS = [
  { name: 'PORT', default: '8000', description: 'TCP port, 0 to 65535; 0 takes any free one' },
  { name: 'HOST', default: '0.0.0.0', description: 'Address to listen on; 127.0.0.1 keeps it to this machine' },
  {
    name: 'TLS_CERT',
    default: '',
    description: 'File of the certificate with its chain, in PEM: the server speaks https and wss; read again on SIGHUP',
  },
  { name: 'TLS_KEY', default: '', description: 'File of its key' },
  { name: 'DATA_DIR', default: './data', description: 'Directory of the database, the uploaded files and the keys; made on first run' },
  {
    name: 'DATABASE_URL',
    default: '',
    description: 'postgres://user:password@host:5432/name; unset: SQLite in DATA_DIR',
    isSecret: true,
  },
  {
    name: 'REDIS_URL',
    default: '',
    description: 'redis://host:6379, for several nodes on one PostgreSQL; not used yet, this version runs as one node',
    isSecret: true,
  },
  {
    name: 'SECRET_KEY',
    default: '',
    description: 'At least 32 bytes, from which all keys derive; unset: made on first run and kept in DATA_DIR',
    isSecret: true,
  },
  { name: 'PUBLIC_URL', default: '', description: 'The address people use, e.g. https://chat.example.org; unset: that of each request' },
  {
    name: 'TRUSTED_PROXIES',
    default: '',
    description: 'Addresses or networks (10.0.0.0/8), comma-separated, whose X-Forwarded-* headers are believed',
  },
  { name: 'ALLOWED_ORIGINS', default: '', description: 'Origins, comma-separated, whose pages may call the server; unset: any' },
  {
    name: 'SMTP_URL',
    default: '',
    description:
      'smtp://user:password@host:587 (or smtps://…), to mail links to those who forgot their password; unset: an admin makes them',
    isSecret: true,
  },
  { name: 'MAIL_FROM', default: '', description: 'Sender of that mail, e.g. Chat <chat@example.org>; SMTP_URL needs it, and PUBLIC_URL' },
  { name: 'REGISTRATION', default: 'open', description: 'Who may create an account: open, invite or off; off where AUTH_ISSUER is set' },
  { name: 'AUTH_ISSUER', default: '', description: 'The "iss" of tokens of an issuer of your own, which sign people in' },
  { name: 'AUTH_AUDIENCE', default: '', description: 'What "aud" of those tokens must name' },
  { name: 'AUTH_JWKS_URL', default: '', description: 'Address of the key set (JWKS) they are checked by' },
  { name: 'AUTH_JWT_SECRET', default: '', description: 'Or the secret they are checked by, at least 32 bytes', isSecret: true },
  { name: 'AUTH_JWT_ALGORITHM', default: 'HS256', description: 'What that secret is used with: HS256, HS384 or HS512' },
  {
    name: 'DIALECTS',
    default: 'all',
    description: 'The older APIs to answer, comma-separated by name (django-realtime-chat-api, …), or all, or none',
  },
  { name: 'RATE_LIMIT', default: 'on', description: 'on, or off (for benchmarks)', isSwitch: true },
  { name: 'LOG_LEVEL', default: 'info', description: 'debug, info, warn or error' },
  { name: 'METRICS_TOKEN', default: '', description: 'Bearer token for /metrics; unset: /metrics answers loopback only', isSecret: true },
  {
    name: 'SHOW_EMAILS',
    default: 'off',
    description: "on shows other people's e-mail addresses where an older API has them",
    isSwitch: true,
  },
  {
    name: 'ALLOWED_HOSTS',
    default: '',
    description: 'Host names, comma-separated, that requests may name (.example.org: and below); unset: any',
  },
  { name: 'DJANGO_ALLOWED_HOSTS', default: '', description: 'More of ALLOWED_HOSTS, under its older name' },
  { name: 'CSRF_ALLOWED', default: '', description: 'Origins, comma-separated, that may use the refresh cookie besides our own' },
  { name: 'DB_NAME', default: '', description: 'Where set and DATABASE_URL is not: the name of a PostgreSQL database' },
  { name: 'DB_USER', default: 'postgres', description: 'Its user' },
  { name: 'DB_PASSWORD', default: '', description: "Its user's password", isSecret: true },
  { name: 'DB_HOST', default: 'localhost', description: 'Its host' },
  { name: 'DB_PORT', default: '5432', description: 'Its port, 1 to 65535' },
  { name: 'ACCESS_TOKEN_LIFETIME_MINUTES', default: '5', description: 'Of access tokens issued by the realtime-chat API; 1 to 525600' },
  { name: 'REFRESH_TOKEN_LIFETIME_DAYS', default: '1', description: 'Of refresh tokens issued by the realtime-chat API; 1 to 3650' },
  {
    name: 'ROTATE_REFRESH_TOKENS',
    default: 'off',
    description: 'on: each refresh at the realtime-chat API also brings a new refresh token',
    isSwitch: true,
  },
  { name: 'BLACKLIST_AFTER_ROTATION', default: 'off', description: 'on: and the one before it ends', isSwitch: true },
  { name: 'DEBUG', default: 'off', description: 'on means LOG_LEVEL=debug where that is unset, and nothing more', isSwitch: true },
] as const satisfies readonly Setting[]

export type SettingName = (typeof SETTINGS)[number]['name']

/** How a setting is spelt on the command line. */
export function flagOf(name: string): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`
}
