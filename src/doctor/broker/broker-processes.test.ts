import { expect, it } from 'vitest'
import { productVersion } from '../../base/product-version.ts'
import type { ClusterSnapshot, ProcessSnapshot } from '../../model/cluster-snapshot.ts'
import { nothingSaid } from '../../model/cluster-snapshot.ts'
import { madeProcess } from '../../../test/harness/made-snapshots.ts'
import { examineBrokerVersions, examineProcesses } from './broker-processes.ts'

const process = (number: number, more: Partial<ProcessSnapshot> = {}) =>
  madeProcess(`P${number}`, { pid: number, version: productVersion, ...more })

function cluster(...processes: ProcessSnapshot[]): ClusterSnapshot {
  const seen = {
    name: 'a',
    address: null,
    state: 'alive',
    wire: null,
    link: null,
    refusal: null,
  } as const
  const nodes = [{ ...nothingSaid, ...seen, processes }]
  return { system: null, node: 'a', mode: 'broker', link: 'broker', nodes }
}

it('another version is told of who lives, until all run the same', () => {
  const old = { version: '0.0.9' }
  const { findings } = examineBrokerVersions(
    cluster(process(1, old), process(2), process(3, { ...old, status: 'DOWN' })),
  )
  expect(findings).toMatchObject([
    {
      severity: 'note',
      what: `the process P1 (pid 1) on a runs version 0.0.9, and version ${productVersion} is installed here`,
    },
  ])
  expect(examineBrokerVersions(cluster(process(1))).fine).toBe(`all run version ${productVersion}`)
})

it('of very many that do not answer ten are named, and the others counted', () => {
  const silent = Array.from({ length: 15 }, (_, number) => process(number, { status: 'ERROR' }))
  const { findings } = examineProcesses(cluster(...silent))
  expect(findings).toHaveLength(11)
  expect(findings.at(-1)?.what).toBe('the same is so of 5 more processes')
})
