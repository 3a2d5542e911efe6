import { isIP } from 'node:net'

/** Says, to follow "is not", what a text should have been. */
export class Unfit extends Error {}

/** Turns the text of a setting into its value, or throws Unfit. */
export type Parse<T> = (text: string) => T

export const text: Parse<string> = (value) => value

export function integer(min: number, max: number): Parse<number> {
  return (value) => {
    const number = Number(value)
    if (!/^\d+$/.test(value) || number < min || number > max) throw new Unfit(`a whole number from ${min} to ${max}`)
    return number
  }
}

export function oneOf<const T extends string>(...choices: T[]): Parse<T> {
  return (value) => {
    const choice = choices.find((one) => one.toLowerCase() === value.toLowerCase())
    if (choice === undefined) throw new Unfit(`one of ${choices.join(', ')}`)
    return choice
  }
}

/** A mailbox: an address, alone or as `Name <address>`. */
export const sender: Parse<string> = (value) => {
  if (!/^([^<>@\p{Cc}]+ )?<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/u.test(value))
    throw new Unfit('a sender such as Chat <chat@example.org>')
  return value
}

/** The spellings that Django's environment files use are accepted too. */
export const onOff: Parse<boolean> = (value) => {
  if (/^(on|true|yes|1)$/i.test(value)) return true
  if (/^(off|false|no|0)$/i.test(value)) return false
  throw new Unfit('on or off')
}

export function listOf<T>(item: Parse<T>): Parse<T[]> {
  return (value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(item)
}

/** An origin as browsers send it: scheme, host and, unless it is the scheme's own, port. */
export const origin: Parse<string> = (value) => {
  const url = URL.parse(value)
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.href === `${url.origin}/`
  if (!isOrigin || value.includes('*')) throw new Unfit('an origin such as https://chat.example.org')
  return url.origin
}

export function urlOf(example: string, ...schemes: string[]): Parse<string> {
  return (value) => {
    const url = URL.parse(value)
    if (url === null || !schemes.includes(url.protocol.slice(0, -1)) || url.hostname === '') throw new Unfit(`a URL such as ${example}`)
    return value
  }
}

/** A name to match the Host header with; one that begins with a dot stands for all names below it, too. */
export const hostName: Parse<string> = (value) => {
  if (!/^(\*|\.?[\w-]+(\.[\w-]+)*|\[[\da-f:.]+\])$/i.test(value)) throw new Unfit('a host name such as chat.example.org, without port')
  return value.toLowerCase()
}

export const listenAddress: Parse<string> = (value) => {
  if (isIP(value) === 0 && !/^[\w-]+(\.[\w-]+)*$/.test(value)) throw new Unfit('an address such as 127.0.0.1 or ::')
  return value
}

/** A network of addresses; `prefix` counts the leading bits that must agree. */
export type Network = { address: string; prefix: number; family: 'ipv4' | 'ipv6' }

export const network: Parse<Network> = (value) => {
  const [address = '', length, ...more] = value.split('/')
  const version = isIP(address)
  const bits = version === 4 ? 32 : 128
  const prefix = length === undefined ? bits : Number(length)
  const fits = version !== 0 && more.length === 0 && (length === undefined || /^\d+$/.test(length)) && prefix <= bits
  if (!fits) throw new Unfit('an address or a network such as 10.0.0.0/8')
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}
