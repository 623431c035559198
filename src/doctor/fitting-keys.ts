import type { NodeSnapshot } from '../model/cluster-snapshot.ts'
import type { KeySetup } from '../model/node-setup.ts'
import type { TurnedAway } from '../model/turned-away.ts'
import { refusalParts } from '../sockets/keys/refusal.ts'
import { type Examined, examined, type Finding, note, notExamined, problem } from './finding.ts'
import { type Ground, unasked } from './ground.ts'

/** The keys of a node that has some. */
interface KeyHolder {
  readonly name: string
  readonly keys: KeySetup
}

const together = 'give all nodes and processes the definition with the same TidingsKeyFile, or none'

/** Whether all have keys that fit, and a change of keys is done on all nodes. */
export function examineKeys(ground: Ground): Examined {
  const { snapshot, settings } = ground
  if (snapshot === null) return notExamined('keys', unasked(ground))
  const { nodes } = snapshot
  const holders = nodes.flatMap(({ name, setup }) =>
    setup?.keys ? { name, keys: setup.keys } : [],
  )
  const findings = [
    ...nodes.flatMap(ofRefusal),
    ...nodes.flatMap((node) => ofVisitors(node, registryPorts(ground))),
    ...holders.flatMap(ofFile),
    ...holders.flatMap((holder) => ofRing(holder, holders)),
  ]
  const isWithout = settings.keys === undefined && holders.length === 0
  if (isWithout && findings.length === 0)
    return notExamined('keys', 'the definition names no TidingsKeyFile')
  return examined('keys', `${holders.length} nodes have the same keys`, findings)
}

function ofRefusal({ name, address, refusal }: NodeSnapshot): Finding[] {
  if (refusal === null) return []
  const [what, remedy] = refusalParts(refusal, `the node ${name} (at ${address ?? 'no address'})`)
  return [problem(`GENESIS_CLUSTER of this node is not let in: ${what}`, remedy)]
}

/** Whoever is turned away tries again; that one has gone is seen when nothing was heard of it for a while. */
function ofVisitors({ name, setup }: NodeSnapshot, registries: ReadonlySet<number>): Finding[] {
  const keys = setup?.keys ?? null
  // Elsewhere the doctor itself looks whether a port answers, and at ports that need no key anybody may.
  const isTold = ({ why, at }: TurnedAway): boolean =>
    why !== 'no handshake' || (keys !== null && registries.has(Number(new URL(at).port)))
  return (setup?.turnedAway ?? [])
    .filter(isTold)
    .flatMap((visit) => ofVisitor(name, visit, keys !== null))
}

const registryPorts = ({ settings: { nodes, node } }: Ground): ReadonlySet<number> =>
  new Set([node, ...nodes].map(({ ports }) => ports.registry))

function ofVisitor(node: string, visit: TurnedAway, hasKeys: boolean): Finding | [] {
  const { why, at, count, agoMs } = visit
  const from = visit.who === '' ? '' : ` from ${visit.who}`
  const seconds = Math.round(agoMs / 1_000)
  const who = `${node} turned away connections at ${at}${from} (${count}, the last ${seconds} s ago)`
  if (why === 'another key')
    return problem(
      `${who}: they have another key than this node`,
      'compare the public keys that `tidings check` prints there and on this node',
    )
  if (why === 'no key') {
    const misses = hasKeys ? 'they have no key' : 'they have a key, and this node has none'
    return problem(`${who}: ${misses}`, together)
  }
  // Versions tell of the others.
  if (why !== 'no handshake') return []
  return note(
    `${who}: they finished no handshake; a process that has no key does so, and who only looks whether the port answers`,
    together,
  )
}

function ofFile({ name, keys }: KeyHolder): Finding[] {
  const findings: Finding[] = []
  if (keys.untaken !== null)
    findings.push(
      problem(
        `${name} does not take its key file as it is now, and goes on with the keys that it had: ${keys.untaken}`,
        'mend the file there; it is read again by itself. Until then GENESIS_CLUSTER does not start there',
      ),
    )
  if (keys.ring[0] !== keys.own)
    findings.push(
      note(
        `the ports of ${name} have the key ${keys.own}, and its key file begins with ${keys.ring[0]}`,
        `start GENESIS_CLUSTER on ${name} again before the old key is taken out of the files`,
      ),
    )
  return findings
}

/** What of the keys of one node the others lack. */
function ofRing({ name, keys }: KeyHolder, holders: readonly KeyHolder[]): Finding[] {
  return keys.ring.flatMap((key) => {
    const without = holders.filter(({ keys: { ring } }) => !ring.includes(key))
    const first = holders.find(({ keys: { ring } }) => ring.includes(key))
    // Each key is told once, by the first that has it.
    if (without.length === 0 || first?.name !== name) return []
    const names = without.map((holder) => holder.name).join(', ')
    const own = holders.filter((holder) => holder.keys.own === key).map((holder) => holder.name)
    const leads =
      own.length === 0
        ? 'a node whose ports have it would not be reached from there'
        : `the ports of ${own.join(', ')} have it, which are not reached from there`
    return problem(
      `the key ${key} is in the key file of ${name}, and not of ${names}: ${leads}`,
      `a change of keys is half done: give all nodes the same key file, and start GENESIS_CLUSTER again where its ports have a key that the file does not have`,
    )
  })
}
