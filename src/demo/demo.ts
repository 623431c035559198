import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { TidingsError } from '../base/tidings-error.ts'
import { demoHosts, demoSystem } from './demo-definition.ts'
import { type DemoLayer, demoLayer, type LayerChoice } from './demo-layer.ts'
import { DemoRun, type RunOutcome } from './demo-run.ts'
import { Progress } from './progress.ts'
import { isEqual, outcomeText } from './report-table.ts'

interface DemoOptions extends LayerChoice {
  /** How many rows of the file are written; default all, 5,105. */
  readonly rows?: number | null
  /** The directory with the definition and the database stays. */
  readonly keep?: boolean
}

const signals = ['SIGINT', 'SIGTERM'] as const
type Interruption = (typeof signals)[number]

/**
 * The main job, in real processes: two nodes, linked by the relay or by an MQTT broker; a database whose same rows two
 * processes change, one of which is killed meanwhile, and a script that does not publish; and three processes with live
 * tables. In the end each live table is compared with the database.
 * @returns the exit code: 0 equal, 1 different, 128 + the signal's number when interrupted.
 * @throws TidingsError NODE_TOO_OLD (no SQLite), TRANSPORT_FAILED (a process failed), and what `demoLayer()` throws.
 */
export async function demo(options: DemoOptions = {}): Promise<number> {
  requireSqlite()
  const layer = await demoLayer(options)
  const directory = mkdtempSync(join(tmpdir(), 'tidings-demo-'))
  const interruption = new Interruptions()
  try {
    return await play(layer, directory, options, interruption.first)
  } finally {
    interruption.ignore()
    await layer.close()
    if (!options.keep) rmSync(directory, { recursive: true, force: true })
  }
}

async function play(
  layer: DemoLayer,
  directory: string,
  { rows = null, keep = false }: DemoOptions,
  interrupted: Promise<Interruption>,
): Promise<number> {
  const began = performance.now()
  const definition = join(directory, 'genesis-system-definition.kts')
  writeFileSync(definition, layer.definition)
  const run = new DemoRun({
    definition,
    database: join(directory, 'prices.sqlite'),
    directory,
    rows,
    hasClusters: layer.hasClusters,
    // For the test of this demonstration: a comparison that cannot fail would prove nothing.
    tampers: process.env['TIDINGS_DEMO_TAMPER'] === '1',
    say: (text) => progress.say(text),
  })
  const progress = new Progress(process.stderr, run.activities)
  progress.say(`${layer.words}; one SQLite database.`)
  progress.start()
  let outcome: RunOutcome | Interruption
  try {
    outcome = await Promise.race([run.run(), interrupted])
  } finally {
    progress.stop()
    await run.stop()
    if (keep) progress.say(kept(directory, definition))
  }
  if (typeof outcome === 'string') {
    progress.say('interrupted')
    return 128 + constants.signals[outcome]
  }
  const seconds = (performance.now() - began) / 1_000
  process.stdout.write(`\n${outcomeText(outcome, seconds, process.stdout)}`)
  return isEqual(outcome.views) ? 0 : 1
}

/** SIGINT and SIGTERM, until all is tidied up. */
class Interruptions {
  readonly #first = Promise.withResolvers<Interruption>()

  constructor() {
    for (const signal of signals) process.on(signal, this.#first.resolve)
  }

  get first(): Promise<Interruption> {
    return this.#first.promise
  }

  ignore(): void {
    for (const signal of signals) process.off(signal, this.#first.resolve)
  }
}

function requireSqlite(): void {
  if (isBuiltin('node:sqlite')) return
  throw new TidingsError(
    'NODE_TOO_OLD',
    `this Node (${process.version}) was built without SQLite (node:sqlite), which the demonstration needs`,
  )
}

const kept = (directory: string, definition: string): string =>
  `kept: ${directory}; try: tidings check --definition ${definition} --system ${demoSystem} --host ${demoHosts[0]}`
