/**
 * What every transport must do, as a suite without a test runner: each case makes a cluster, uses
 * it through the transport port alone, and throws where the transport breaks its word.
 */
import { dataCases } from './data-cases.ts'
import { restartCases, rosterCases } from './roster-cases.ts'
import type { ConformanceCluster } from './transport-stage.ts'
import { Stage } from './transport-stage.ts'

export type { ConformanceCluster } from './transport-stage.ts'

export interface ConformanceCase {
  readonly name: string
  run(): Promise<void>
}

/** Of which plane the cases are; `restart`: of whoever keeps the roster, see `ConformanceCluster.restartRoster()`. */
export type ConformancePart = keyof typeof casesOf

const casesOf = { data: dataCases, roster: rosterCases, restart: restartCases }

/** The cases for one kind of transport; run each on its own. `parts`: those of both planes by default. */
export function transportConformance(
  name: string,
  makeCluster: () => Promise<ConformanceCluster>,
  parts: readonly ConformancePart[] = ['data', 'roster'],
): ConformanceCase[] {
  return parts.flatMap((part) =>
    casesOf[part].map(([what, check]) => ({
      name: `${name}: ${what}`,
      run: async () => {
        const stage = new Stage(await makeCluster())
        try {
          await check(stage)
        } finally {
          await stage.close()
        }
      },
    })),
  )
}
