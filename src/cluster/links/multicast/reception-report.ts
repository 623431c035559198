import { hostPort } from '../../../base/host-port.ts'
import { RateLimit } from '../../../base/rate-limit.ts'
import type { MulticastSettings } from '../../../definition/settings.ts'
import type { Reception, Taken } from './group-receiver.ts'

/** Least time between two warnings of one kind about one node, milliseconds. */
const warnIntervalMs = 60_000

/** Over how long the share of repaired datagrams is looked at, milliseconds. */
const shareMs = 10_000

/** A larger share is told, where so many datagrams came at least. */
const toldShare = 0.01
const fewestDatagrams = 200

type Counts = Pick<Reception, 'heard' | 'repaired'>

type Received = Pick<Reception, 'node' | 'way' | 'isMissed'> & Counts

/** Why what none of our nodes has sent is dropped, where datagrams are sealed. */
const notOurs: readonly Taken[] = ['not-sealed', 'not-opened']

const sum = (counts: ReadonlyMap<string, number>, names: readonly string[]): number =>
  names.reduce((total, name) => total + (counts.get(name) ?? 0), 0)

/** What people are to know of how datagrams come, in sentences with a remedy. Time is an argument. */
export class ReceptionReport {
  readonly #settings: Pick<MulticastSettings, 'group' | 'port' | 'datagramBytes'>
  readonly #told = new RateLimit(warnIntervalMs)
  readonly #before = new Map<string, Counts>()
  readonly #lostShares = new Map<string, number>()
  #lookedAt: number
  #foreign = 0
  #forged = 0

  constructor(settings: Pick<MulticastSettings, 'group' | 'port' | 'datagramBytes'>, now: number) {
    this.#settings = settings
    this.#lookedAt = now
  }

  /** By node, what share of its datagrams the group did not bring in the last `shareMs`; of which too few came, nothing. */
  get lostShares(): ReadonlyMap<string, number> {
    return this.#lostShares
  }

  tick(
    receptions: readonly Received[],
    dropped: ReadonlyMap<string, number>,
    now: number,
  ): string[] {
    const words: string[] = []
    for (const { node, isMissed } of receptions)
      if (isMissed && this.#told.admits(`deaf ${node}`, now)) words.push(this.#deaf(node))
    if (now - this.#lookedAt < shareMs) return words
    this.#lookedAt = now
    this.#lostShares.clear()
    for (const reception of receptions) {
      const share = this.#shareOf(reception)
      const { node } = reception
      if (share === null) continue
      this.#lostShares.set(node, share)
      if (share > toldShare && this.#told.admits(`loss ${node}`, now))
        words.push(this.#loss(node, share))
    }
    const foreign = dropped.get('other-cluster') ?? 0
    if (foreign > this.#foreign && this.#told.admits('foreign', now))
      words.push(this.#otherCluster())
    this.#foreign = foreign
    const forged = sum(dropped, notOurs)
    if (forged > this.#forged && this.#told.admits('forged', now))
      words.push(this.#notSealed(forged))
    this.#forged = forged
    return words
  }

  get #where(): string {
    return hostPort(this.#settings.group, this.#settings.port)
  }

  /** Of the datagrams of a node since the last look; null: too few. */
  #shareOf({ node, way, heard, repaired }: Received): number | null {
    const before = this.#before.get(node)
    this.#before.set(node, { heard, repaired })
    // A new session counts from 0 again; whom the channel serves misses none.
    if (!before || heard < before.heard || repaired < before.repaired) return null
    if (way === 'channel') return null
    const came = heard - before.heard
    const lost = repaired - before.repaired
    return came + lost < fewestDatagrams ? null : lost / (came + lost)
  }

  #deaf(node: string): string {
    return (
      `datagrams of ${node} do not come by multicast, so its updates come by TCP: let UDP to ${this.#where} through between ` +
      'the hosts; where the network carries no multicast, set ZeroMQProxyUnicastRelayEnabled and ZeroMQProxyModeEnabled to true'
    )
  }

  #loss(node: string, share: number): string {
    const { datagramBytes } = this.#settings
    return (
      `${(100 * share).toFixed(1)} % of the datagrams of ${node} did not come by multicast and were sent again by TCP: ` +
      `where the network is not full, let it carry datagrams of ${datagramBytes} bytes or lower TidingsMulticastDatagramBytes, ` +
      'raise net.core.rmem_max, or lower TidingsMulticastMbitPerSecond'
    )
  }

  #notSealed(count: number): string {
    return (
      `datagrams at ${this.#where} that say they are of this cluster were dropped, ${count} so far: none of its keys has sealed them. ` +
      'Somebody else sends there under the address of a node, or the network damages what it carries'
    )
  }

  #otherCluster(): string {
    return `another cluster uses the multicast group ${this.#where}: give one of them a TidingsMulticastGroup of its own`
  }
}
