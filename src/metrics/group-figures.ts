import type { NodeSnapshot } from '../model/cluster-snapshot.ts'
import type { GroupSnapshot, LinkSnapshot, ReceptionSnapshot } from '../model/link-snapshot.ts'
import { type Figure, figureOf, type Sample } from './figure.ts'

type Labels = Sample['labels']

/**
 * What a node sends to the group of multicast and what comes by it; none where it is linked otherwise. Counters begin anew
 * with each life of a link, as counters of Prometheus may. The label `from` is the node that they come from.
 */
export function groupFigures(
  own: Pick<NodeSnapshot, 'links' | 'group'> | undefined,
  labels: Labels,
): Figure[] {
  if (!own?.group) return []
  return [
    ...sending(own.group, labels),
    ...hearing(own.group, labels),
    ...coming(own.links, labels),
  ]
}

const sending = (group: GroupSnapshot, labels: Labels): Figure[] => [
  counter('sent_datagrams_total', 'Datagrams sent to the group.', [group.sent, labels]),
  counter('sent_bytes_total', 'Bytes of them.', [group.sentBytes, labels]),
  counter('resent_datagrams_total', 'Datagrams sent again, by TCP.', [group.resent, labels]),
  counter('resent_bytes_total', 'Bytes of them.', [group.resentBytes, labels]),
  counter('unsent_datagrams_total', 'Datagrams that the system did not take.', [
    group.unsent,
    labels,
  ]),
]

const hearing = (group: GroupSnapshot, labels: Labels): Figure[] => [
  figureOf(
    'gauge',
    'tidings_cluster_receive_buffer_bytes',
    'Room for datagrams that wait to be read; 0: none are heard.',
    [group.receiveBuffer, labels],
  ),
  counter(
    'overrun_datagrams_total',
    'Datagrams that came while that was full, where the system says it.',
    ...(group.overrun === null ? [] : [[group.overrun, labels] as const]),
  ),
  counter(
    'refused_datagrams_total',
    'Datagrams that were not taken, by reason.',
    ...group.refused.map(({ why, datagrams }) => [datagrams, { ...labels, reason: why }] as const),
  ),
]

function coming(links: readonly LinkSnapshot[], labels: Labels): Figure[] {
  const receptions = links.flatMap(({ node, reception }) =>
    reception ? [{ reception, labels: { ...labels, from: node } }] : [],
  )
  const each = (value: (reception: ReceptionSnapshot) => number | null) =>
    receptions.flatMap(({ reception, labels: of }) => {
      const number = value(reception)
      return number === null ? [] : [[number, of] as const]
    })
  return [
    counter('heard_datagrams_total', 'Came by the group.', ...each(({ heard }) => heard)),
    counter('heard_bytes_total', 'Bytes of them.', ...each(({ heardBytes }) => heardBytes)),
    counter(
      'repaired_datagrams_total',
      'Came by TCP, having been missed or not heard by the group.',
      ...each(({ repaired }) => repaired),
    ),
    counter(
      'repaired_bytes_total',
      'Bytes of them.',
      ...each(({ repairedBytes }) => repairedBytes),
    ),
    counter(
      'dropped_datagrams_total',
      'Given up: subscribers repair what was in them.',
      ...each(({ skipped }) => skipped),
    ),
    figureOf(
      'gauge',
      'tidings_cluster_lost_datagrams_ratio',
      'Share of those of the last 10 s that the group should have brought and did not, from 0 to 1.',
      ...each(({ lostShare }) => lostShare),
    ),
    figureOf(
      'gauge',
      'tidings_cluster_by_group',
      '1: they come by the group, 0: all by TCP.',
      ...each(({ way }) => Number(way === 'group')),
    ),
  ]
}

const counter = (
  name: string,
  help: string,
  ...samples: readonly (readonly [value: number, labels: Labels])[]
): Figure => figureOf('counter', `tidings_cluster_${name}`, help, ...samples)
