import type { ClusterSnapshot, NodeSnapshot, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import { nothingSaid } from '../model/cluster-snapshot.ts'

export const snapshotLimits = {
  /** Bytes of the rows in one part, as JSON: with its wrapping it is half of what a message may be. */
  partBytes: 512 * 1024,
  /** Parts of one snapshot: half of what a connection holds. Some hundred thousand processes are more. */
  maxParts: 32,
} as const

/** A stretch of a snapshot that fits one message; the parts follow each other in order. */
export interface SnapshotPart {
  readonly snapshot: ClusterSnapshot
  /** Counts from 0. */
  readonly part: number
  readonly more: boolean
  /** Its first process is the last one of the part before, with further tables. */
  readonly continues: boolean
}

/**
 * Cuts a snapshot into parts. What does not fit `maxParts` is left out and says so: first the tables of
 * all processes, which only people read, then processes.
 */
export function partsOf(snapshot: ClusterSnapshot): SnapshotPart[] {
  const { maxParts } = snapshotLimits
  const whole = new Cutter(snapshot).cut()
  if (whole.length <= maxParts) return whole
  const rows = new Cutter(withoutTables(snapshot)).cut()
  return rows.length <= maxParts ? rows : shortened(rows, maxParts)
}

/** Puts parts together again. */
export class SnapshotParts {
  #parts: SnapshotPart[] = []

  /** The whole once its last part has come; a part that does not follow the one before is passed over. */
  take(part: SnapshotPart): ClusterSnapshot | null {
    if (part.part === 0) this.#parts = []
    if (part.part !== this.#parts.length || part.part >= snapshotLimits.maxParts) return null
    this.#parts.push(part)
    if (part.more) return null
    return joined(this.#parts.splice(0))
  }
}

class Cutter {
  readonly #snapshot: ClusterSnapshot
  readonly #parts: SnapshotPart[] = []
  #nodes: (NodeSnapshot & { processes: ProcessSnapshot[] })[] = []
  #bytes = 0
  #continues = false

  constructor(snapshot: ClusterSnapshot) {
    this.#snapshot = snapshot
  }

  cut(): SnapshotPart[] {
    for (const node of this.#snapshot.nodes) {
      this.#begin(node)
      for (const process of node.processes) this.#row(node, process)
    }
    this.#close(false)
    return this.#parts
  }

  /** What is of the node itself comes once, before its processes. */
  #begin(node: NodeSnapshot): void {
    const head = { ...node, processes: [] }
    const bytes = jsonBytes(head)
    if (this.#bytes > 0 && this.#bytes + bytes > snapshotLimits.partBytes) this.#close(true)
    this.#nodes.push(head)
    this.#bytes += bytes
  }

  #row(node: NodeSnapshot, process: ProcessSnapshot): void {
    const bytes = jsonBytes(process)
    if (bytes <= snapshotLimits.partBytes) return this.#put(node, process, bytes, false)
    let continues = false
    for (const tables of stretches(process.tables)) {
      const row = { ...process, tables }
      this.#put(node, row, jsonBytes(row), continues)
      continues = true
    }
  }

  #put(node: NodeSnapshot, row: ProcessSnapshot, bytes: number, continues: boolean): void {
    if (continues || (this.#bytes > 0 && this.#bytes + bytes > snapshotLimits.partBytes)) {
      this.#close(true)
      this.#nodes = [{ ...node, ...nothingSaid, processes: [] }]
      this.#continues = continues
    }
    this.#nodes.at(-1)?.processes.push(row)
    this.#bytes += bytes
  }

  #close(more: boolean): void {
    const snapshot = { ...this.#snapshot, nodes: this.#nodes }
    this.#parts.push({ snapshot, part: this.#parts.length, more, continues: this.#continues })
    this.#nodes = []
    this.#bytes = 0
    this.#continues = false
  }
}

const jsonBytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value)) + 1

/** Tables in stretches of half a part: beside them stands the rest of the row. */
function* stretches(tables: ProcessSnapshot['tables']): Generator<ProcessSnapshot['tables']> {
  let stretch: (typeof tables)[number][] = []
  let held = 0
  for (const table of tables) {
    const bytes = jsonBytes(table)
    if (held > 0 && held + bytes > snapshotLimits.partBytes / 2) {
      yield stretch
      stretch = []
      held = 0
    }
    stretch.push(table)
    held += bytes
  }
  yield stretch
}

function withoutTables(snapshot: ClusterSnapshot): ClusterSnapshot {
  const nodes = snapshot.nodes.map((node) => ({
    ...node,
    leftOut: { processes: node.leftOut?.processes ?? 0, tables: true },
    processes: node.processes.map((process) => ({ ...process, tables: [] })),
  }))
  return { ...snapshot, nodes }
}

/** The first parts; each node says how many of its processes are in none of them. */
function shortened(parts: readonly SnapshotPart[], most: number): SnapshotPart[] {
  const kept = parts.slice(0, most)
  const missing = new Map<string, number>()
  for (const { snapshot } of parts.slice(most))
    for (const { name, processes } of snapshot.nodes)
      missing.set(name, (missing.get(name) ?? 0) + processes.length)
  const named = new Set(kept.flatMap(({ snapshot }) => snapshot.nodes.map(({ name }) => name)))
  const later = parts.slice(most).flatMap(({ snapshot }) => snapshot.nodes)
  const unnamed = later.filter(({ name }) => !named.has(name) && named.add(name))
  return kept.map((part, place) => {
    const more = place < kept.length - 1
    const nodes = more ? part.snapshot.nodes : [...part.snapshot.nodes, ...unnamed.map(withoutRows)]
    const marked = nodes.map((node) => ({
      ...node,
      leftOut: { processes: missing.get(node.name) ?? 0, tables: true },
    }))
    return { ...part, more, snapshot: { ...part.snapshot, nodes: marked } }
  })
}

const withoutRows = (node: NodeSnapshot): NodeSnapshot => ({ ...node, ...nothingSaid })

function joined(parts: readonly SnapshotPart[]): ClusterSnapshot | null {
  const [first] = parts
  if (first === undefined) return null
  const nodes = new Map<string, NodeSnapshot & { processes: ProcessSnapshot[] }>()
  for (const { snapshot, continues } of parts) {
    let goesOn = continues
    for (const node of snapshot.nodes) {
      const known = nodes.get(node.name)
      const rows = known?.processes ?? []
      for (const row of node.processes) {
        const last = goesOn ? rows.pop() : undefined
        rows.push(last ? { ...row, tables: [...last.tables, ...row.tables] } : row)
        goesOn = false
      }
      nodes.set(node.name, { ...(known ?? node), processes: rows })
    }
  }
  return { ...first.snapshot, nodes: [...nodes.values()] }
}
