import { hostPort } from '../../../base/host-port.ts'
import type { MulticastSettings } from '../../../definition/settings.ts'
import type {
  GroupSnapshot,
  LinkSnapshot,
  LinksSnapshot,
  ReceptionSnapshot,
} from '../../../model/link-snapshot.ts'
import type { Reception } from './group-receiver.ts'

/** What the parts of the multicast link know of themselves. */
interface Known {
  readonly settings: Pick<MulticastSettings, 'group' | 'port' | 'datagramBytes'>
  /** Of the channel to each node. */
  readonly channels: readonly Pick<LinkSnapshot, 'node' | 'state' | 'at' | 'forMs'>[]
  readonly receptions: readonly Reception[]
  readonly lostShares: ReadonlyMap<string, number>
  readonly counts: Pick<GroupSnapshot, 'sent' | 'sentBytes' | 'resent' | 'resentBytes'>
  readonly dropped: ReadonlyMap<string, number>
  readonly socket: Pick<GroupSnapshot, 'from' | 'receiveBuffer' | 'unsent' | 'overrun'>
}

/** The multicast link for people. */
export function multicastStates(known: Known): LinksSnapshot {
  const { settings, channels, receptions, lostShares, counts, dropped, socket } = known
  const { sent, sentBytes, resent, resentBytes } = counts
  const byNode = new Map(receptions.map((reception) => [reception.node, reception]))
  const links = channels.map((channel): LinkSnapshot => {
    const reception = byNode.get(channel.node)
    const lostShare = lostShares.get(channel.node) ?? null
    return {
      ...channel,
      by: 'multicast',
      reception: reception ? shown(reception, lostShare) : null,
    }
  })
  const group: GroupSnapshot = {
    at: hostPort(settings.group, settings.port),
    datagramBytes: settings.datagramBytes,
    sent,
    sentBytes,
    resent,
    resentBytes,
    ...socket,
    refused: [...dropped].map(([why, datagrams]) => ({ why, datagrams })),
  }
  return { links, group }
}

const shown = (reception: Reception, lostShare: number | null): ReceptionSnapshot => {
  const { way, heard, heardBytes, repaired, repairedBytes, skipped } = reception
  const { longest, longerMissed } = reception
  const counts = { heard, heardBytes, repaired, repairedBytes, skipped }
  return { way, ...counts, lostShare, longest, longerMissed }
}
