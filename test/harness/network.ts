import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { cleanUp } from './clean-up.ts'
import type { Place } from './place.ts'

/** Where `ip netns exec` takes the files of a namespace that stand in place of those of /etc. */
const etc = '/etc/netns'
const namespaces = '/run/netns'

/** Names hold the pid of whoever made them: what a killed run has left is found by it. */
const pattern = /^tidings-(\d+)-\d+$/

let count = 0

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' })

/** One machine: a network namespace with an address of its own and a name that all machines of its network know. */
export class Machine {
  readonly name: string
  readonly namespace: string
  #address: string

  constructor(name: string, address: string) {
    this.name = name
    this.#address = address
    this.namespace = addNamespace()
  }

  get address(): string {
    return this.#address
  }

  /** It has this address from now on, and no more the one that it had. */
  move(address: string): void {
    ip('-n', this.namespace, 'addr', 'del', `${this.#address}/${bits}`, 'dev', 'eth0')
    this.alsoHas(address)
    this.#address = address
  }

  /** One more address, which is there at once. */
  alsoHas(address: string): void {
    const at = ['addr', 'add', `${address}/${bits}`, 'dev', 'eth0']
    ip('-n', this.namespace, ...at, ...(isIPv6(address) ? ['nodad'] : []))
  }

  get place(): Place {
    return { before: ['ip', 'netns', 'exec', this.namespace], containers: 0 }
  }

  /** The lines of its /etc/hosts beside localhost; takes the place of what was there. */
  hosts(lines: readonly string[]): void {
    this.#write('hosts', ['127.0.0.1 localhost', ...lines])
  }

  /** Whom it asks for names; `options`: how long and how often, as resolv.conf(5) has them. */
  nameServer(address: string, options: string): void {
    this.#write('resolv.conf', [`nameserver ${address}`, `options ${options}`])
  }

  /** Adds a rule to what comes in: `ip saddr 10.0.0.1 drop`, `numgen random mod 100 < 5 drop`. */
  rule(rule: string): void {
    this.#nft('add table inet t')
    this.#nft('add chain inet t c { type filter hook input priority 0; }')
    this.#nft(`add rule inet t c ${rule}`)
  }

  /** Nothing that another one sends comes in any more, until `hear()`; what goes there does. Also while it is so. */
  deafen(to: Machine): void {
    const set = family(to) === 'ip' ? 'deaf4 { type ipv4_addr; }' : 'deaf6 { type ipv6_addr; }'
    const [name] = set.split(' ')
    this.#nft(
      `add table inet d; add set inet d ${set}; add chain inet d c { type filter hook input priority 0; }; ` +
        `flush chain inet d c; add rule inet d c ${family(to)} saddr @${name} drop; ` +
        `add element inet d ${name} { ${to.address} }`,
    )
  }

  /** What the other one sends comes in again. Also where it did already. */
  hear(again: Machine): void {
    const set = family(again) === 'ip' ? 'deaf4 { type ipv4_addr; }' : 'deaf6 { type ipv6_addr; }'
    const element = `element inet d ${set.split(' ')[0]} { ${again.address} }`
    // Added first: to take away what is not there is an error.
    this.#nft(`add table inet d; add set inet d ${set}; add ${element}; delete ${element}`)
  }

  /** Of the datagrams that come in so many of a hundred are lost, until `lose(0)`. */
  lose(percent: number): void {
    const drawn = percent < 100 ? `numgen random mod 100 < ${percent} ` : ''
    this.#nft(
      'add table inet l; flush table inet l; add chain inet l c { type filter hook input priority 0; }; ' +
        `add rule inet l c meta l4proto udp ${drawn}drop`,
    )
  }

  /** Takes all rules away. */
  heal(): void {
    this.#nft('flush ruleset')
  }

  /** Runs a program there to its end. */
  run(program: string, ...words: string[]): string {
    return ip('netns', 'exec', this.namespace, program, ...words)
  }

  #nft(command: string): void {
    this.run('nft', command)
  }

  // Written in place: who runs there sees the file that was mounted when it started.
  #write(file: string, lines: readonly string[]): void {
    writeFileSync(join(etc, this.namespace, file), `${lines.join('\n')}\n`)
  }
}

/** Of a network: 24 of IPv4 and of IPv6 are enough for all machines. */
const bits = 24

/** Machines that reach each other through one switch: m1 is 10.77.0.1, m2 is 10.77.0.2, and so on; or fd77::1, fd77::2. */
export class Network {
  readonly machines: readonly Machine[]

  constructor(count: number, prefix: '10.77.0.' | 'fd77::' = '10.77.0.') {
    removeLeftOvers()
    const numbers = Array.from({ length: count }, (_, index) => index + 1)
    this.machines = numbers.map((number) => new Machine(`m${number}`, `${prefix}${number}`))
    const hub = addNamespace()
    ip('-n', hub, 'link', 'add', 'name', 'switch', 'type', 'bridge')
    ip('-n', hub, 'link', 'set', 'switch', 'up')
    for (const machine of this.machines) {
      plug(machine, hub)
      machine.hosts(this.machines.map(({ address, name }) => `${address} ${name}`))
    }
  }

  machine(index = 0): Machine {
    const machine = this.machines[index]
    if (!machine) throw new Error(`there is no machine ${index}`)
    return machine
  }

  /** Nothing goes between the two any more, in either direction, until both `heal()`. */
  cut(one: Machine, other: Machine): void {
    one.rule(`${family(other)} saddr ${other.address} drop`)
    other.rule(`${family(one)} saddr ${one.address} drop`)
  }
}

const family = ({ address }: Machine) => (isIPv6(address) ? 'ip6' : 'ip')

function plug(machine: Machine, hub: string): void {
  const { namespace, name } = machine
  const far = ['peer', 'name', 'eth0', 'netns', namespace]
  ip('link', 'add', 'name', `to-${name}`, 'netns', hub, 'type', 'veth', ...far)
  ip('-n', hub, 'link', 'set', `to-${name}`, 'master', 'switch', 'up')
  machine.alsoHas(machine.address)
  ip('-n', namespace, 'link', 'set', 'eth0', 'up')
}

function addNamespace(): string {
  count += 1
  const name = `tidings-${process.pid}-${count}`
  ip('netns', 'add', name)
  cleanUp(() => removeNamespace(name))
  ip('-n', name, 'link', 'set', 'lo', 'up')
  mkdirSync(join(etc, name), { recursive: true })
  return name
}

function removeNamespace(name: string): void {
  rmSync(join(etc, name), { recursive: true, force: true })
  const isThere = () => existsSync(join(namespaces, name))
  if (!isThere()) return
  try {
    ip('netns', 'del', name)
  } catch (error) {
    // Another run has found the same left over.
    if (isThere()) throw error
  }
}

/** A run that was killed could not tidy up: whose maker lives no more is nobody's. */
function removeLeftOvers(): void {
  const names = [namespaces, etc].filter(existsSync).flatMap((folder) => readdirSync(folder))
  for (const name of new Set(names)) {
    const maker = pattern.exec(name)?.[1]
    if (maker !== undefined && !existsSync(`/proc/${maker}`)) removeNamespace(name)
  }
}
