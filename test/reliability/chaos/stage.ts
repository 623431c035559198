import type { Shape } from '../../harness/definition-file.ts'
import { isRelay } from '../../harness/definition-file.ts'
import type { TestNode } from '../../harness/test-cluster.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import type { Role } from './member.ts'
import { Member } from './member.ts'

/** A GENESIS_CLUSTER of a run. */
export interface Seat {
  readonly node: TestNode
  /** Something is being done to it: nothing else is. */
  isBusy: boolean
}

/** Who takes part beside the scripts: publishers, subscribers, and one that is both. */
const cast: readonly Pick<Role, 'name' | 'node' | 'wants' | 'declares'>[] = [
  { name: 'P0', node: 0, wants: null, declares: true },
  { name: 'P1', node: 1, wants: null, declares: false },
  { name: 'B0', node: 0, wants: '*', declares: true },
  { name: 'S0', node: 0, wants: '*', declares: false },
  { name: 'S1', node: 1, wants: ['TRADE', 'POSITION'], declares: false },
  { name: 'S2', node: 1, wants: '*', declares: false },
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

  private constructor(cluster: TestCluster, folder: string, commitsPerSecond: number) {
    this.cluster = cluster
    this.#folder = folder
    this.#nodes = cluster.nodes.length
    this.seats = cluster.nodes.map((node) => ({ node, isBusy: false }))
    this.members = cast.map(({ node, ...role }) => {
      const isPublisher = publisherNames.includes(role.name)
      const load = {
        isScript: false,
        commits: 0,
        commitsPerSecond: isPublisher ? commitsPerSecond : 0,
      }
      return new Member({ ...role, ...load, node: node % this.#nodes }, cluster, folder)
    })
  }

  static async open(shape: Shape, folder: string, commitsPerSecond: number): Promise<Stage> {
    const cluster = await TestCluster.start(shape, isRelay(shape) ? 2 : 1)
    const stage = new Stage(cluster, folder, commitsPerSecond)
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
