import { grouped, tableLines } from '../base/text-table.ts'
import type { GroupSnapshot, LinkSnapshot, LinksSnapshot } from '../model/link-snapshot.ts'
import { lasting } from './lasting.ts'
import { styled } from './terminal.ts'

const header = [
  'FROM NODE',
  'LINK',
  'STATE',
  'FOR',
  'AT',
  'UPDATES BY',
  'DATAGRAMS',
  'SENT AGAIN',
  'GIVEN UP',
]

/** How the updates of the other nodes come to one, for people; no lines where it is not linked. */
export function linkLines({ links, group }: LinksSnapshot, stream: NodeJS.WriteStream): string[] {
  if (links.length === 0) return []
  const [head = '', ...rows] = tableLines(header, links.map(rowOf))
  const more = group === null ? [] : [groupLine(group)]
  return ['', styled(stream, 'dim', head), ...rows, ...more]
}

function rowOf({ node, by, state, forMs, at, reception }: LinkSnapshot) {
  const base = [node, by, state, lasting(forMs), at]
  if (reception === null) return [...base, by === 'relay' ? 'TCP' : '–', null, null, null]
  const { way, heard, repaired, skipped } = reception
  return [...base, way === 'group' ? 'group' : 'TCP', heard + repaired, repaired, skipped]
}

function groupLine(group: GroupSnapshot): string {
  const { at, from, sent, sentBytes, resent, unsent, receiveBuffer, overrun, refused } = group
  if (from === null) return `group ${at}: cannot be used, all goes by TCP`
  const parts = [
    `${grouped(sent)} datagrams of ${grouped(sentBytes)} bytes sent, ${grouped(resent)} of them again`,
    ...(unsent > 0 ? [`${grouped(unsent)} not taken by the system`] : []),
    `${grouped(receiveBuffer)} bytes may wait to be read`,
    ...(overrun === null ? [] : [`${grouped(overrun)} overrun`]),
    ...refused.map(({ why, datagrams }) => `${grouped(datagrams)} refused as ${why}`),
  ]
  return `group ${at} from ${from}: ${parts.join(', ')}`
}
