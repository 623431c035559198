import { join } from 'node:path'
import { Child, repository } from './child.ts'
import type { TestCluster } from './test-cluster.ts'
import { python } from './tools.ts'

const script = join(repository, 'test', 'system', 'processes', 'foreign_lines.py')

/** A program that is not ours: publishes records {"N": 1, "KEY": 1} … at the inbound port of a node, in JSON. */
export class ForeignProgram {
  readonly child: Child
  /** The last `N` that it was told to publish. */
  published = 0

  private constructor(child: Child) {
    this.child = child
  }

  /** Resolves when the intake has subscribed at it. */
  static async start(cluster: TestCluster, node = 0): Promise<ForeignProgram> {
    const child = new Child({
      name: 'foreign_lines.py',
      program: python() ?? '',
      arguments: [script, `tcp://${cluster.node(node).host}:${cluster.ports.inbound}`],
      ipc: false,
    })
    await child.says(/^ready$/m)
    return new ForeignProgram(child)
  }

  /** The next `count`, without a pause. */
  publish(count: number, table = 'FOREIGN'): void {
    this.published += count
    this.child.process.stdin?.write(`${count} ${table}\n`)
  }

  /** Resolves when it has given its socket all that it was told to. */
  async hasSent(): Promise<void> {
    await this.child.says(new RegExp(`^published ${this.published}$`, 'm'))
  }
}
