import { BlockList, isIPv6 } from 'node:net'

export type Network = { address: string; prefix: number; family: 'ipv4' | 'ipv6' }

/** The proxies whose word on the client's address is taken. */
export function trustedProxies(networks: readonly Network[]): BlockList {
  const list = new BlockList()
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family)
  return list
}

/**
 * What limits count a request by. Behind a trusted proxy it is the last address in X-Forwarded-For that is not itself a trusted proxy;
 * from anybody else the header is a claim and is ignored.
 */
export function clientAddress(peer: string, headers: Headers, trusted: BlockList): string {
  if (!isTrusted(peer, trusted)) return limitKey(plain(peer))
  const hops = (headers.get('x-forwarded-for') ?? '').split(',').map((hop) => plain(hop.trim()))
  for (const hop of hops.reverse()) if (hop !== '' && !isTrusted(hop, trusted)) return limitKey(hop)
  return limitKey(plain(peer))
}

/** Whether the word of this address on others is taken. */
export function isTrusted(address: string, trusted: BlockList): boolean {
  const one = plain(address)
  return trusted.check(one, isIPv6(one) ? 'ipv6' : 'ipv4')
}

/** An IPv4 address that came in IPv6 clothes is the same address. */
const plain = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address

/** One IPv4 address, or the /64 of an IPv6 address, which one customer usually has whole. */
function limitKey(address: string): string {
  if (!isIPv6(address)) return address.slice(0, 64)
  const [head = '', tail = ''] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const middle = address.includes('::') ? Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0') : []
  return [...left, ...middle, ...right].slice(0, 4).join(':')
}
