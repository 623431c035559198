/**
 * A child process with the ports of one node: the three proxies, and a registry that keeps a roster
 * in memory and does what the test tells it. It stands in where a test needs GENESIS_CLUSTER to
 * misbehave: to forget, to stay silent, to change its mind.
 */
import { randomUUID } from 'node:crypto'
import { Proxy, Router, XPublisher, XSubscriber } from 'zeromq'
import type { Registration, RosterEntry } from '../../src/model/roster-entry.ts'
import { AccessList, loopbackAddresses } from '../../src/sockets/access-list.ts'
import type {
  ClusterMessage,
  RegisterMessage,
} from '../../src/registration/registration-message.ts'
import {
  decodeProcessMessage,
  encodeClusterMessage,
} from '../../src/registration/registration-message.ts'
import { placeOf, portsOf } from '../../src/registration/zeromq-place.ts'
import * as options from '../../src/sockets/socket-options.ts'
import { freeProcessPort } from '../harness/loopback.ts'

export interface SmallClusterPorts {
  readonly inbound: number
  readonly outbound: number
  readonly registry: number
  readonly export: number
  readonly relay: number
}

export interface SmallClusterOptions {
  readonly ports: SmallClusterPorts
  readonly linked: boolean
  readonly history: string | null
}

/** `renew` orders it; `silent` answers nothing; `report` asks what was heard. */
export type SmallClusterCommand =
  | { readonly do: 'renew'; readonly incarnation: string }
  | { readonly do: 'silent'; readonly on: boolean }
  | { readonly do: 'refuse'; readonly incarnation: string }
  | { readonly do: 'resend-all' }
  | { readonly do: 'report' }

export interface SmallClusterReport {
  readonly registers: number
  readonly renews: readonly string[]
  readonly lastRegistration: Record<string, Registration>
}

interface Member {
  route: Buffer
  entry: RosterEntry
  version: number
  seen: { history: string | null; version: number }
}

const { ports, linked, history } = JSON.parse(process.argv[2] ?? '{}') as SmallClusterOptions
const rosterHistory = history ?? randomUUID()
const at = (port: number) => `tcp://127.0.0.1:${port}`

const members = new Map<string, Member>()
const report = {
  registers: 0,
  renews: [] as string[],
  lastRegistration: {} as Record<string, Registration>,
}
let version = 0
let silent = false

const access = await AccessList.open()
access.load(loopbackAddresses)

const outboundIn = new XSubscriber(options.boundXsub(access.domain))
const outboundOut = new XPublisher(options.boundXpub(access.domain))
await outboundIn.bind('inproc://outbound')
await outboundOut.bind(at(ports.outbound))

const exportIn = new XSubscriber(options.boundXsub(access.domain))
const exportOut = new XPublisher(options.boundXpub(access.domain))
await exportIn.bind('inproc://export')
await exportIn.bind(at(ports.export))
await exportOut.bind(at(ports.relay))

const inboundIn = new XSubscriber(options.boundXsub(access.domain))
const inboundOut = new XPublisher(options.connectingXpub())
await inboundIn.bind(at(ports.inbound))
inboundOut.connect('inproc://outbound')
inboundOut.connect('inproc://export')

const router = new Router(options.boundRouter(access.domain))
await router.bind(at(ports.registry))

const proxies = [
  new Proxy(outboundIn, outboundOut),
  new Proxy(exportIn, exportOut),
  new Proxy(inboundIn, inboundOut),
]
for (const proxy of proxies) void proxy.run()

process.on('message', (command: SmallClusterCommand) => {
  if (command.do === 'silent') silent = command.on
  if (command.do === 'renew') send(members.get(command.incarnation)?.route, { type: 'renew' })
  if (command.do === 'refuse') {
    const message = 'two live processes of one name'
    send(members.get(command.incarnation)?.route, { type: 'refused', code: 'NAME_TAKEN', message })
  }
  if (command.do === 'resend-all') for (const member of members.values()) tell(member, 0)
  if (command.do === 'report') process.send?.(report)
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.send?.('ready')

for await (const [route, frame] of router) {
  const message = frame ? decodeProcessMessage(frame) : null
  if (!route || message === null || silent) continue
  if (message.type === 'register') await take(route, message)
  if (message.type === 'renew') report.renews.push(`${message.step} ${message.incarnation}`)
  if (message.type === 'snapshot') {
    const snapshot = { system: null, node: 'n', mode: 'mesh', link: 'none', nodes: [] } as const
    send(route, { type: 'snapshot', snapshot, part: 0, more: false, continues: false })
  }
}

async function take(route: Buffer, message: RegisterMessage): Promise<void> {
  const { incarnation, node, process: name, instance } = message.registration
  report.registers += 1
  report.lastRegistration[incarnation] = message.registration
  const twin = [...members.values()].find(
    ({ entry }) =>
      entry.incarnation !== incarnation &&
      entry.state !== 'ended' &&
      entry.node === node &&
      entry.process === name &&
      entry.instance === instance,
  )
  if (twin) {
    const text = `${name} is running already with pid ${twin.entry.pid}: use the option instance`
    return send(route, { type: 'refused', code: 'NAME_TAKEN', message: text })
  }
  const free = message.wantsPort ? await freeProcessPort('127.0.0.1') : null
  const member = upsert(route, message, free)
  const { processPort } = portsOf(member.entry.place)
  send(route, { type: 'registered', id: message.id, processPort, linked })
  if (member.seen.history !== rosterHistory) tell(member, 0)
  else if (member.seen.version < version) tell(member, member.seen.version)
}

/** `free`: a port to hand out where it has none yet; null: it asks for none. */
function upsert(
  route: Buffer,
  { registration, seen }: RegisterMessage,
  free: number | null,
): Member {
  const { connections: _connections, sequences: _sequences, ...entry } = registration
  const known = members.get(registration.incarnation)
  const { processPort: own, zeromqPort } = portsOf(entry.place)
  const before = portsOf(known?.entry.place ?? null).processPort
  const processPort = own ?? before ?? free
  const told = { ...entry, place: placeOf({ processPort, zeromqPort }) }
  const member = { route, entry: told, version: known?.version ?? 0, seen }
  members.set(registration.incarnation, member)
  if (JSON.stringify(known?.entry) === JSON.stringify(told)) return member
  version += 1
  member.version = version
  for (const other of members.values()) {
    if (other.seen.history === rosterHistory) tell(other, other.seen.version)
  }
  return member
}

function tell({ route }: Member, since: number): void {
  const news = [...members.values()].filter((member) => member.version > since)
  send(route, {
    type: 'roster',
    history: rosterHistory,
    since,
    version,
    forgottenUpTo: 0,
    kept: 0,
    more: false,
    change: {
      entries: news.map(({ entry }) => entry),
      histories: [{ node: 'n', history: rosterHistory }],
      settled: true,
      unreachable: [],
    },
  })
}

function send(route: Buffer | undefined, message: ClusterMessage): void {
  if (route) router.send([route, encodeClusterMessage(message)]).catch(() => {})
}
