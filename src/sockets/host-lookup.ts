/**
 * What a host's name resolves to. `getaddrinfo` alone would not do: it holds a thread of libuv's pool for as long
 * as the name service is silent (20 s and more), cannot be called off, and Node waits for it before it exits. In
 * GENESIS_CLUSTER those threads carry the proxies. So a name is looked for where an answer can be called off:
 *
 *   1. an address is itself;
 *   2. the hosts file, as the system's own resolver has it first;
 *   3. DNS by c-ares, which needs no thread and can be called off;
 *   4. the system's resolver, where DNS has answered that it has no such name, or that it does not serve us: it
 *      knows search domains and other name services, and where DNS answers it is quick. One name at a time.
 *
 * Where DNS is silent the system's resolver would be silent too, and is not asked.
 */
import { isIP } from 'node:net'
import { abortable } from '../base/abortable.ts'
import { inBackground } from '../base/background.ts'
import { systemClock } from '../base/clock.ts'
import { plainAddress } from '../base/host-port.ts'
import { Turns } from '../base/turns.ts'

const lookupLimits = {
  /** Milliseconds that one DNS server has for its first answer; then it is asked again. */
  dnsTimeoutMs: 1_000,
  /** Times that each DNS server is asked. */
  dnsTries: 2,
  /** Milliseconds that the addresses of IPv6 have when those of IPv4 are there: some servers never answer for them. */
  ipv6GraceMs: 100,
  /** Bytes of the hosts file that are read: some ten thousand lines. */
  hostsFileBytes: 1024 * 1024,
} as const

/** The addresses of a host, those of IPv4 first, or why there are none. */
export type HostAddresses =
  | { readonly addresses: readonly [string, ...string[]] }
  | { readonly addresses: readonly []; readonly why: string }

/** Looks a host up; never rejects. An aborted look-up ends at once, without addresses. */
export type LookUp = (host: string, signal?: AbortSignal) => Promise<HostAddresses>

const hostsFile =
  process.platform === 'win32' ? String.raw`C:\Windows\System32\drivers\etc\hosts` : '/etc/hosts'

const loopback = '127.0.0.1'

/** One at a time: each holds a thread. */
const systemTurns = new Turns()

export const lookUpHost: LookUp = (host, signal) =>
  abortable<HostAddresses>(signal, (resolve, reject) => {
    inBackground(find(host, signal).then(resolve), reject)
  }).catch(() => calledOff)

/** The same, called off after `withinMs` milliseconds. */
export async function lookUpWithin(
  host: string,
  withinMs: number,
  signal?: AbortSignal,
): Promise<HostAddresses> {
  const late = new AbortController()
  const timer = systemClock.after(withinMs, () => late.abort())
  const found = await lookUpHost(host, AbortSignal.any([late.signal, ...(signal ? [signal] : [])]))
  timer.cancel()
  if (!late.signal.aborted || found.addresses.length > 0) return found
  return { addresses: [], why: `it was not resolved within ${withinMs} ms` }
}

async function find(host: string, signal?: AbortSignal): Promise<HostAddresses> {
  if (isIP(host)) return { addresses: [plainAddress(host)] }
  if (host.toLowerCase() === 'localhost') return { addresses: [loopback] }
  const written = hostsOf(await readHostsFile(), host)
  const ofFile = found(written)
  // Some systems write ::1 to the machine's own name, and leave its address to DNS.
  if (ofFile && !written.every((address) => address === '::1')) return ofFile
  const named = await askDns(host, signal)
  if (ofFile) return named === 'not there' || 'why' in named ? ofFile : named
  if (named !== 'not there') return named
  return systemTurns.next(() => askSystem(host), calledOff, signal)
}

/** The addresses of a host by the text of a hosts file: lines of an address and its names. */
export function hostsOf(text: string, host: string): string[] {
  const wanted = host.toLowerCase()
  const addresses = new Set<string>()
  for (const line of text.toLowerCase().split('\n')) {
    if (!line.includes(wanted)) continue
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/)
    if (isIP(address) && names.includes(wanted)) addresses.add(plainAddress(address))
  }
  return [...addresses]
}

const calledOff: HostAddresses = { addresses: [], why: 'its look-up was called off' }
const silent: HostAddresses = { addresses: [], why: 'the name service does not answer' }
const none: HostAddresses = { addresses: [], why: 'the name service has no address for it' }

function found(addresses: readonly string[]): HostAddresses | null {
  const [first, ...more] = [...addresses].sort((one, other) => isIP(one) - isIP(other))
  return first === undefined ? null : { addresses: [first, ...more] }
}

async function readHostsFile(): Promise<string> {
  try {
    const { readFile } = await import('node:fs/promises')
    return (await readFile(hostsFile, 'utf8')).slice(0, lookupLimits.hostsFileBytes)
  } catch {
    return ''
  }
}

/** A resolver of its own for each: it reads the system's list of servers anew, and is called off alone. */
async function askDns(host: string, signal?: AbortSignal): Promise<HostAddresses | 'not there'> {
  const { dnsTimeoutMs: timeout, dnsTries: tries, ipv6GraceMs } = lookupLimits
  const { Resolver } = await import('node:dns/promises')
  if (signal?.aborted) return calledOff
  const resolver = new Resolver({ timeout, tries })
  const cancel = () => resolver.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  const ofIPv6 = settled(resolver.resolve6(host))
  const ofIPv4 = await settled(resolver.resolve4(host))
  const late = ofIPv4.addresses.length > 0 ? systemClock.after(ipv6GraceMs, cancel) : null
  const answers = [ofIPv4, await ofIPv6]
  late?.cancel()
  signal?.removeEventListener('abort', cancel)
  const known = found(answers.flatMap(({ addresses }) => addresses))
  if (known) return known
  if (signal?.aborted) return calledOff
  return answers.some(({ isSilent }) => isSilent) ? silent : 'not there'
}

/** What one question came to; never rejects. */
async function settled(question: Promise<string[]>) {
  try {
    return { addresses: (await question).map(plainAddress), isSilent: false }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { addresses: [], isSilent: code === 'ETIMEOUT' || code === 'ECANCELLED' }
  }
}

async function askSystem(host: string): Promise<HostAddresses> {
  try {
    const { lookup } = await import('node:dns/promises')
    const all = await lookup(host, { all: true })
    return found(all.map(({ address }) => plainAddress(address))) ?? none
  } catch {
    return none
  }
}
