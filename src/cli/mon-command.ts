import { pause } from '../base/clock.ts'
import type { ClusterSnapshot, ProcessStatus } from '../model/cluster-snapshot.ts'
import { clusterQuery } from './cluster-query.ts'
import { exitCode } from './exit-code.ts'
import { toJson } from '../lines/json-output.ts'
import type { SharedOptions } from './shared-options.ts'
import { snapshotTable } from './snapshot-table.ts'
import { sortedSnapshot, type SortKey } from './sorted-snapshot.ts'
import { onInterrupt, say } from './terminal.ts'
import { type Wrong, wrongLines } from './wrong-lines.ts'

interface MonOptions extends SharedOptions {
  readonly json?: boolean
  /** Shows only processes in this state. */
  readonly status?: ProcessStatus
  /** In which order the processes of each node are shown. */
  readonly sort?: SortKey
}

/** What is shown of a cluster; what is wrong is told whatever is shown. */
interface Shown {
  readonly snapshot: ClusterSnapshot
  readonly wrong: Wrong
}

const refreshMs = 1000

/** `tidings mon`: nodes and processes; live on a terminal, once otherwise. */
export async function mon(options: MonOptions): Promise<number> {
  await using cluster = await clusterQuery(options)
  const query = async (): Promise<Shown> => {
    const whole = await cluster.ask()
    const some = filtered(whole, options.status)
    const snapshot = options.sort === undefined ? some : sortedSnapshot(some, options.sort)
    return { snapshot, wrong: wrongLines(whole) }
  }
  const first = await query()
  const { snapshot, wrong } = first
  if (options.json) process.stdout.write(`${toJson(snapshot)}\n`)
  else if (process.stdout.isTTY) await showLive(first, query)
  else process.stdout.write(`${snapshotTable(snapshot, wrong, process.stdout)}\n`)
  return exitCode.done
}

async function showLive(first: Shown, query: () => Promise<Shown>): Promise<void> {
  const stop = new AbortController()
  const removeInterrupt = onInterrupt(() => stop.abort())
  let shown = first
  while (!stop.signal.aborted) {
    // Home and clear below: the screen does not flicker as it would by clearing it whole.
    process.stdout.write(
      `\x1b[H\x1b[J${snapshotTable(shown.snapshot, shown.wrong, process.stdout)}\n`,
    )
    await pause(refreshMs, stop.signal)
    if (stop.signal.aborted) break
    try {
      shown = await query()
    } catch (error) {
      say((error as Error).message)
    }
  }
  removeInterrupt()
}

function filtered(snapshot: ClusterSnapshot, status: ProcessStatus | undefined): ClusterSnapshot {
  if (status === undefined) return snapshot
  return {
    ...snapshot,
    nodes: snapshot.nodes.map((node) => ({
      ...node,
      processes: node.processes.filter((process) => process.status === status),
    })),
  }
}
