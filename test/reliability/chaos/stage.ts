import type { Shape } from '../../harness/definition-file.ts'
import { isLinked } from '../../harness/definition-file.ts'
import { newKeyPair } from '../../../src/model/key-pair.ts'
import { type Machine, Network } from '../../harness/network.ts'
import type { TestNode } from '../../harness/test-cluster.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import type { Role } from './member.ts'
import { Member } from './member.ts'

/** A GENESIS_CLUSTER of a run. */
export interface Seat {
  readonly node: TestNode
  /** Its machine, where it has a network of its own. */
  readonly machine: Machine | null
  /** Something is being done to it: nothing else is. */
  isBusy: boolean
}

/** What the nodes of a run are, beside its shape. */
export interface Surroundings {
  /** Three machines with networks of their own; else one or two loopback addresses of this one. */
  readonly onMachines: boolean
  /** With a key file. */
  readonly hasKeys: boolean
}

const machinesOfRun = 3

/** Who takes part beside the scripts: publishers, subscribers, and one that is both. `node`: of two, and of three. */
const cast: readonly (Pick<Role, 'name' | 'wants' | 'declares'> & {
  readonly nodes: readonly [ofTwo: number, ofThree: number]
})[] = [
  { name: 'P0', nodes: [0, 0], wants: null, declares: true },
  { name: 'P1', nodes: [1, 1], wants: null, declares: false },
  { name: 'B0', nodes: [0, 2], wants: '*', declares: true },
  { name: 'S0', nodes: [0, 0], wants: '*', declares: false },
  { name: 'S1', nodes: [1, 1], wants: ['TRADE', 'POSITION'], declares: false },
  { name: 'S2', nodes: [1, 2], wants: '*', declares: false },
]

export const publisherNames: readonly string[] = ['P0', 'P1', 'B0']
const subscriberNames: readonly string[] = ['B0', 'S0', 'S1', 'S2']

/** How many subscriptions deliver a publisher's updates, weighed by the tables that they want. */
export const deliveriesPerUpdate = 3.6

const commitsOfScript = 200

/** The cluster of one shape: its nodes, and the application processes on them. */
export class Stage {
  readonly cluster: TestCluster
  readonly seats: readonly Seat[]
  readonly members: readonly Member[]
  readonly scripts: Member[] = []
  readonly #folder: string
  readonly #nodes: number

  private constructor(
    cluster: TestCluster,
    machines: readonly Machine[],
    folder: string,
    commitsPerSecond: number,
  ) {
    this.cluster = cluster
    this.#folder = folder
    this.#nodes = cluster.nodes.length
    this.seats = cluster.nodes.map((node, index) => {
      return { node, machine: machines[index] ?? null, isBusy: false }
    })
    this.members = cast.map(({ nodes: [ofTwo, ofThree], ...role }) => {
      const node = this.#nodes === machinesOfRun ? ofThree : ofTwo
      const isPublisher = publisherNames.includes(role.name)
      const load = {
        isScript: false,
        commits: 0,
        commitsPerSecond: isPublisher ? commitsPerSecond : 0,
      }
      return new Member({ ...role, ...load, node: node % this.#nodes }, cluster, folder)
    })
  }

  static async open(
    shape: Shape,
    { onMachines, hasKeys }: Surroundings,
    folder: string,
    commitsPerSecond: number,
  ): Promise<Stage> {
    const { machines } = onMachines ? new Network(machinesOfRun) : { machines: [] }
    const cluster = await TestCluster.start(shape, isLinked(shape) ? 2 : 1, {
      ...(onMachines && { machines }),
      ...(hasKeys && { keys: [newKeyPair()] }),
    })
    const stage = new Stage(cluster, machines, folder, commitsPerSecond)
    for (const member of stage.members) member.start()
    await Promise.all(stage.members.map((member) => member.says('open')))
    await Promise.all(stage.subscribers.map((member) => member.says('ready')))
    return stage
  }

  get publishers(): Member[] {
    return this.members.filter(({ role }) => publisherNames.includes(role.name))
  }

  get subscribers(): Member[] {
    return this.members.filter(({ role }) => subscriberNames.includes(role.name))
  }

  /** Starts a script on a node: it publishes, closes and is gone. */
  startScript(node: number): Member {
    const name = `SCRIPT_${this.scripts.length}`
    const role = { name, isScript: true, wants: null, declares: false, commitsPerSecond: 0 }
    const script = new Member(
      { ...role, commits: commitsOfScript, node: node % this.#nodes },
      this.cluster,
      this.#folder,
    )
    this.scripts.push(script)
    script.start()
    return script
  }
}
