import { setTimeout as pause } from 'node:timers/promises'
import type { Shape } from '../../harness/definition-file.ts'
import type { Machine } from '../../harness/network.ts'
import type { Machines } from '../faults/machines.ts'

/** What machines are put under while updates travel between them, and what is demanded then. */
export interface Bar {
  readonly id: string
  readonly what: string
  readonly shapes: readonly Shape[]
  /** Done to each machine before anything runs there. */
  readonly prepare?: (machine: Machine) => void
  /** Of each GENESIS_CLUSTER. */
  readonly env?: Readonly<Record<string, string>>
  /** Done under load behind the time that is measured; resolves when it is over. */
  readonly disturb?: (stage: Machines) => Promise<void>
  /** What a GENESIS_CLUSTER that receives says, with the remedy. */
  readonly says?: RegExp
  /** At most, milliseconds, from publish() to the handler. */
  readonly p50Ms?: number
}

const multicast: readonly Shape[] = ['mesh+multicast', 'proxy+multicast']
const linked: readonly Shape[] = ['mesh+relay', 'proxy+relay', ...multicast]

const lost = (percent: number, more: Partial<Bar> = {}): Bar => ({
  id: `lost-${percent}`,
  what: `${percent} of 100 datagrams lost`,
  shapes: multicast,
  prepare: (machine) => machine.lose(percent),
  ...more,
})

const parted = (seconds: number): Bar => ({
  id: `parted-${seconds}`,
  what: `a machine cut off for ${seconds} s`,
  shapes: linked,
  async disturb(stage) {
    const [cutOff, ...others] = stage.machines.toReversed() as [Machine, ...Machine[]]
    for (const other of others) stage.part(cutOff, other)
    await pause(seconds * 1_000)
    stage.join()
  },
})

/** From the machine that publishes to another one, or back. */
const deaf = (way: 'there' | 'back'): Bar => ({
  id: `deaf-${way}`,
  what: `the way ${way} cut for 12 s`,
  shapes: linked,
  async disturb(stage) {
    const [from, to] = [stage.machine(0), stage.machine(2)]
    const [one, other] = way === 'there' ? [from, to] : [to, from]
    other.deafen(one)
    await pause(12_000)
    other.hear(one)
  },
})

const restarted: Bar = {
  id: 'restarted',
  what: 'each GENESIS_CLUSTER ended and started again, one after the other',
  shapes: linked,
  async disturb({ cluster }) {
    for (const node of cluster.nodes) {
      await node.end('SIGTERM')
      await node.start()
    }
  },
}

const newAddress = '10.77.0.33'

const moved: Bar = {
  id: 'moved',
  what: 'a machine started again at another address',
  shapes: linked,
  async disturb(stage) {
    const [moving, node] = [stage.machine(2), stage.cluster.node(2)]
    await stage.leave(2)
    await node.end('SIGTERM')
    moving.move(newAddress)
    for (const machine of stage.machines)
      machine.hosts(stage.machines.map(({ address, name }) => `${address} ${name}`))
    await node.start()
    await stage.addSubscriber('MOVED', 2)
  },
}

/** What the system gives without being asked; it doubles what is asked of it. */
const defaultBuffer = { TIDINGS_RECEIVE_BUFFER: '106496' }

export const bars: readonly Bar[] = [
  { id: 'quiet', what: 'nothing', shapes: linked, p50Ms: 10 },
  lost(1),
  lost(5, {
    p50Ms: 10,
    says: /% of the datagrams of m1 did not come.*TidingsMulticastDatagramBytes/,
  }),
  lost(20, { says: /% of the datagrams of m1 did not come/ }),
  {
    id: 'blocked',
    what: 'the group blocked',
    shapes: multicast,
    prepare: (machine) => machine.lose(100),
    says: /datagrams of m1 do not come by multicast.*ZeroMQProxyUnicastRelayEnabled/,
  },
  {
    id: 'mtu-1300',
    what: 'a machine whose network carries 1,300 bytes',
    shapes: multicast,
    prepare: (machine) => {
      if (machine.name !== 'm2') return
      machine.run('ip', 'link', 'set', 'eth0', 'mtu', '1300')
    },
    says: /% of the datagrams of m1 did not.*TidingsMulticastDatagramBytes/,
  },
  {
    id: 'default-buffer',
    what: 'receive buffers as the system gives them',
    shapes: multicast,
    env: defaultBuffer,
    says: /the system gives 212992 bytes.*net.core.rmem_max=4194304/,
  },
  parted(5),
  parted(12),
  parted(30),
  deaf('there'),
  deaf('back'),
  moved,
  restarted,
]
