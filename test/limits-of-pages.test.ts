// The tables of limits in the documentation are those of the code.
import { describe, expect, it } from 'vitest'
import { defaultCaptureLimits } from '../src/database/capture/capture-limits.ts'
import { gatewayLimits } from '../src/gateway/gateway-limits.ts'
import { intakeLimits } from '../src/intake/intake-limits.ts'
import {
  newsIntervalMs,
  toldOfAll,
  toldOfOneName,
} from '../src/cluster/roster/news-of-processes.ts'
import { endedKeptMs, maxEndedEntries } from '../src/cluster/roster/roster.ts'
import { liveLimits } from '../src/live/live-limits.ts'
import { maxCommitTables } from '../src/publisher/open-parcel.ts'
import { defaultPublisherLimits } from '../src/publisher/publisher-limits.ts'
import { defaultClusterTimeoutMs, defaultDrainMs } from '../src/queue/options.ts'
import { defaultDeliveryLimit } from '../src/queue/waiting-deliveries.ts'
import { defaultSubscriberLimits } from '../src/subscriber/subscriber-limits.ts'
import { threadSenderLimits } from '../src/transport/thread/thread-sender.ts'
import { multicastLimits } from '../src/cluster/links/multicast/multicast-limits.ts'
import { mqttLimits } from '../src/transport/mqtt/broker/mqtt-limits.ts'
import { probeLimits } from '../src/probes/probe-limits.ts'
import { presenceLimits } from '../src/transport/mqtt/presence/presence-limits.ts'
import { socketLimits } from '../src/sockets/socket-options.ts'
import { webLimits } from '../src/web/web-limits.ts'
import { wireLimits } from '../src/wire/limits.ts'
import { plain, read, table } from './harness/pages.ts'

describe('limits', () => {
  const publisher = defaultPublisherLimits
  const subscriber = defaultSubscriberLimits
  const units: Record<string, number> = {
    '': 1,
    ms: 1,
    s: 1000,
    min: 60_000,
    KiB: 1024,
    MiB: 1024 ** 2,
  }
  const value = (cell: string | undefined): number => {
    const [, number = '', unit = ''] = /^([\d.,]+) ?(\w*)$/.exec(cell ?? '') ?? []
    return Number(number.replaceAll(',', '')) * (units[unit] ?? Number.NaN)
  }
  it.each([
    ['docs/PROTOCOL.md', 'publisher-limits', defaultPublisherLimits],
    ['docs/PROTOCOL.md', 'subscriber-limits', defaultSubscriberLimits],
    ['docs/PROTOCOL.md', 'intake-limits', intakeLimits],
    ['docs/TOPOLOGY.md', 'socket-limits', socketLimits],
    ['docs/MULTICAST.md', 'multicast-limits', multicastLimits],
    ['docs/COMPATIBILITY.md', 'thread-limits', threadSenderLimits],
    ['docs/LIVE.md', 'live-limits', liveLimits],
    ['docs/MQTT.md', 'mqtt-limits', mqttLimits],
    ['docs/MQTT.md', 'presence-limits', presenceLimits],
    ['docs/CAPTURE.md', 'capture-limits', defaultCaptureLimits],
    ['docs/OBSERVE.md', 'probe-limits', probeLimits],
    ['docs/GATEWAY.md', 'gateway-limits', gatewayLimits],
    ['docs/BROWSER.md', 'web-limits', webLimits],
  ] as const)('of %s, %s, are those of the code, each with its reason', (page, name, limits) => {
    const rows = table(page, name)
    const told = rows.map(([limit, number]) => [plain(limit), value(number)])
    expect(Object.fromEntries(told)).toEqual({ ...limits })
    expect(rows.filter(([, , reason = '']) => reason.length < 10)).toEqual([])
  })

  it('that users meet, in docs/DELIVERY.md, are those of the code', () => {
    const rows = table('docs/DELIVERY.md', 'user-limits')
    expect(rows.map(([what, limit]) => [what, value(limit)])).toEqual([
      ['updates that wait for the application', defaultDeliveryLimit.updates],
      ['bytes that wait for the application', defaultDeliveryLimit.bytes],
      ['bytes that all subscriptions of a process hold beside that', subscriber.heldBytes],
      ['bytes that a publisher retains', publisher.retentionBytes],
      ['how long a publisher retains', publisher.retentionAgeMs],
      [
        'newest updates of each table that a publisher retains in any case',
        publisher.reserveUpdates,
      ],
      ['bytes of these newest updates', publisher.reserveBytes],
      ['how long `flush()` and `close()` wait', defaultDrainMs],
      ['how long `openUpdateQueue()` looks for `GENESIS_CLUSTER`', defaultClusterTimeoutMs],
      ['bytes of an update', wireLimits.maxUpdateBytes],
      ['bytes of a commit', publisher.maxCommitBytes],
      ['tables of a commit', maxCommitTables],
      ['how long a publisher may be silent', subscriber.heartbeatMs * subscriber.heartbeatsMissed],
      [
        'the same of one that has published nothing for a while',
        subscriber.quietHeartbeatMs + (subscriber.heartbeatsMissed - 1) * subscriber.heartbeatMs,
      ],
      ['how long it may be silent at most', subscriber.goneAfterMs],
      [
        'time in which the connection of this process to `GENESIS_CLUSTER` is broken and that does not count as silence',
        subscriber.outageMs,
      ],
      ['how long a node knows who has ended', endedKeptMs],
      ['processes of which a node knows that they have ended', maxEndedEntries],
      ['bytes of foreign messages that wait in a node', intakeLimits.waitingBytes],
      ['bytes of a foreign message', wireLimits.maxForeignBytes],
    ])
    expect(rows.filter(([, , by, beyond]) => !by || !beyond)).toEqual([])
  })

  it.each(['docs/CLI.md', 'SECURITY.md'])('of the log, in %s, are those of the code', (page) => {
    const told = `told ${toldOfOneName} times, and ${toldOfAll.toLocaleString('en')} lines`
    expect(read(page).replaceAll(/\s+/g, ' ')).toContain(told)
    expect(newsIntervalMs).toBe(60_000)
  })
})
