import { isSameHost } from '../definition/definition.ts'
import type { SettingsReport } from '../definition/settings-report.ts'
import type { Problem } from '../definition/problem.ts'
import { problemFrom, problemOf } from '../definition/problem.ts'
import type { LookUp } from '../sockets/host-lookup.ts'
import { lookUpWithin } from '../sockets/host-lookup.ts'

/**
 * How long the name service may take, milliseconds: each of its servers is asked twice, a second each, and whoever
 * checks a definition should not wait much longer for one that is silent.
 */
const namesWithinMs = 3_000

export const lookUpInTime: LookUp = (host, signal) => lookUpWithin(host, namesWithinMs, signal)

/**
 * A warning for each host of the system in force whose name has no address on this machine, or that of a host before it.
 * One host that is alone needs no name: it stays on the loopback address.
 */
export async function hostWarnings(
  { host: own, hosts, settings }: Pick<SettingsReport, 'host' | 'hosts' | 'settings'>,
  lookUp: LookUp,
): Promise<Problem[]> {
  const query = settings?.hostsQuery ?? null
  if (query !== null) return queryWarnings(query, lookUp)
  if (hosts.length < 2) return []
  const answers = await Promise.all(
    hosts.map(async (host) => ({ ...host, answer: await lookUp(host.name) })),
  )
  const nameOf = new Map<string, string>()
  return answers.flatMap(({ name, origin, answer }) => {
    if ('why' in answer) {
      const isOwn = own !== null && isSameHost(name, own)
      return [problemFrom(origin, sentence(name, answer.why, isOwn))]
    }
    const [address] = answer.addresses
    const other = nameOf.get(address)
    if (other === undefined) nameOf.set(address, name)
    return other === undefined ? [] : [problemFrom(origin, sameAddress(other, name, address))]
  })
}

/** No address is no mistake as such: the nodes may not be there yet. */
async function queryWarnings(query: string, lookUp: LookUp): Promise<Problem[]> {
  const answer = await lookUp(query)
  if (!('why' in answer)) return []
  const message =
    `TidingsHostsQuery: "${query}" has no address on this machine (${answer.why}): this node starts all the same, ` +
    'and looks it up again every 5 s; is it misspelled?'
  return [problemOf(message)]
}

const sameAddress = (one: string, other: string, address: string): string =>
  `the hosts "${one}" and "${other}" have one address on this machine (${address}): only one of the two nodes can run with ` +
  'these ports, and it does not reach the other; list each host once, or give each an address of its own'

function sentence(name: string, why: string, isOwn: boolean): string {
  const consequence = isOwn
    ? 'this node starts all the same, and nodes that cannot resolve it either do not reach it'
    : 'GENESIS_CLUSTER starts without that node, and looks its name up again every 5 s'
  return `the host "${name}" does not resolve on this machine (${why}): ${consequence}; is it misspelled?`
}
