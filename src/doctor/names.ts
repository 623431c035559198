import { isLoopbackAddress } from '../definition/machine.ts'
import { type Examined, examined, type Finding, notExamined, problem } from './finding.ts'
import type { Ground } from './ground.ts'

/** Whether the hosts of the definition have addresses here, and such at which others reach them. */
export function examineNames({ settings, names }: Ground): Examined {
  const { nodes, node, hostsQuery } = settings
  if (hostsQuery !== null)
    return examined('names', `${hostsQuery} has addresses`, findingsOf(hostsQuery, false, names))
  if (nodes.length === 1) return notExamined('names', 'one host that is alone needs no name')
  const found = nodes.flatMap(({ name }) => findingsOf(name, name === node.name, names))
  const beyond = nodes.some(({ name }) => addressesOf(names, name).some(isBeyond))
  const own = addressesOf(names, node.name)
  if (beyond && own.length > 0 && !own.some(isBeyond))
    found.push(
      problem(
        `this node's name "${node.name}" resolves to ${own.join(', ')} here, which no other host reaches`,
        `put the address of this host in front of its name in /etc/hosts, or the address itself into the definition`,
      ),
    )
  return examined('names', `the names of all ${nodes.length} hosts have addresses`, found)
}

type Names = Ground['names']

const addressesOf = (names: Names, host: string): readonly string[] =>
  names.get(host)?.addresses ?? []

const isBeyond = (address: string): boolean => !isLoopbackAddress(address)

function findingsOf(host: string, isOwn: boolean, names: Names): Finding[] {
  const answer = names.get(host)
  if (answer === undefined || !('why' in answer)) return []
  return [
    problem(
      `the host "${host}"${isOwn ? ', this one,' : ''} has no address here: ${answer.why}`,
      'give it one in the name service or in /etc/hosts, or correct its name in the definition',
    ),
  ]
}
