import { describe, expect, it } from 'vitest'
import type { Actor } from './actor.ts'
import type { ReportedLoss } from './journal.ts'
import { Trial } from './trial.ts'

/** A trial whose faults are those of the test alone. */
class Staged {
  readonly trial = new Trial({ seed: 5, onlyFaults: [-1], forget: 0, faultMs: 18_000, healMs: 1e4 })

  at(time: number, run: () => void): void {
    this.trial.network.clock.after(time, run)
  }

  /** The first of this node that publishes, or that only subscribes and is not slow. */
  one(role: 'publisher' | 'subscriber', node: number): Actor {
    const isWanted = ({ published, received }: Actor): boolean =>
      role === 'publisher'
        ? published !== null
        : published === null && received.every(({ isSlow }) => !isSlow)
    const actor = [...this.trial.actors.values()].find(
      (each) => each.process.node === node && isWanted(each),
    )
    if (!actor) throw new Error(`no ${role} on node ${node}`)
    return actor
  }

  /** The node's GENESIS_CLUSTER is killed, and back with its file half a second later. */
  restart(time: number, node: number): void {
    const cluster = this.trial.network.clusters[node]
    this.at(time, () => cluster?.crash())
    this.at(time + 500, () => cluster?.start('file'))
  }

  /** What the subscriber of node 0 was told to be lost of the first publisher of this node. */
  losses(node: number): ReportedLoss[] {
    const { incarnation } = this.one('publisher', node).process
    return this.one('subscriber', 0)
      .received.flatMap(({ losses }) => losses)
      .filter(({ publisher }) => publisher?.incarnation === incarnation)
  }
}

describe('by the word of its node', () => {
  it('a process may be gone that was silent for less than 10 s of the time of who was awake', async () => {
    const staged = new Staged()
    staged.restart(6000, 0)
    staged.at(6100, () => staged.trial.freeze(staged.one('publisher', 0), 14_000, false))
    staged.at(12_000, () => staged.trial.freeze(staged.one('subscriber', 0), 3000, true))
    const { violations } = await staged.trial.run()
    expect(violations).toEqual([])
    const [first] = staged.losses(0)
    expect(first).toMatchObject({ reason: 'gone', to: null })
    expect(first?.at).toBeGreaterThan(16_500)
    expect(first?.at).toBeLessThan(16_600)
  })

  it('a process that closes waits for nobody who has ended, and comes back when it has left', async () => {
    const staged = new Staged()
    staged.restart(6000, 0)
    staged.at(6050, () => staged.trial.freeze(staged.one('subscriber', 0), 14_040, true))
    staged.at(16_000, () => {
      const { subscriberPipe } = staged.one('subscriber', 0).process
      if (subscriberPipe) subscriberPipe.dropUntil = 18_000
      staged.one('publisher', 1).publishBurst()
    })
    staged.at(20_095, () => staged.trial.close(staged.one('publisher', 1)))
    const { violations } = await staged.trial.run()
    expect(violations).toEqual([])
    expect(staged.losses(1).map(({ reason }) => reason)).toContain('ended')
  })

  it('an old roster file that is put back is told as a lost roster, by who was told more than it has', async () => {
    const staged = new Staged()
    const { network } = staged.trial
    const [cluster] = network.clusters
    staged.at(4500, () => cluster?.backUp())
    staged.at(5000, () => staged.trial.spawnPublisher(2000, true))
    staged.at(8000, () => cluster?.crash())
    staged.at(8500, () => cluster?.start('backup'))
    const { violations } = await staged.trial.run()
    expect(violations).toEqual([])
    const { received } = staged.one('subscriber', 0)
    expect(received.flatMap(({ losses }) => losses).map(({ reason }) => reason)).toEqual([
      'roster-lost',
    ])
  })

  it('nothing is said of who died before it had registered with a roster that began anew, to a node that heard it never', async () => {
    const staged = new Staged()
    const { network } = staged.trial
    network.partition(0, 1, true)
    staged.at(5500, () => staged.one('publisher', 1).publishBurst())
    staged.at(6000, () => network.clusters[1]?.crash())
    staged.at(8000, () => network.clusters[1]?.start('none'))
    staged.at(8010, () => staged.trial.kill(staged.one('publisher', 1)))
    staged.at(9000, () => network.partition(0, 1, false))
    const { violations } = await staged.trial.run()
    expect(violations).toEqual([])
  })
})
