/** The entry of every process of the demonstration but GENESIS_CLUSTER; its parent says which it is. */
import { assertNever } from '../base/assertion.ts'
import { runCorrections } from './corrections.ts'
import { runDataServer } from './data-server.ts'
import { PriceDatabase } from './database.ts'
import { runEventHandler } from './event-handler.ts'
import type { ProcessSetup, Report } from './reports.ts'

const handOver = Promise.withResolvers<void>()
const onOrphaned = (): void => process.exit(1)

/** Resolves when the parent has been sent all reports; they go in order. */
let allSent = Promise.resolve()

function tell(report: Report): void {
  allSent = new Promise((sent) => process.send?.(report, undefined, undefined, () => sent()))
}

function run(setup: ProcessSetup): Promise<void> {
  switch (setup.role) {
    case 'event-handler':
      return runEventHandler(setup, tell)
    case 'data-server':
      return runDataServer(setup, tell, handOver.promise)
    case 'corrections':
      return runCorrections(setup, tell)
    case 'database-reader':
      return readDatabase(setup)
    default:
      return assertNever(setup.role)
  }
}

async function readDatabase({ database: file }: ProcessSetup): Promise<void> {
  const database = new PriceDatabase(file)
  const tables = database.read()
  tell({ type: 'state', state: 'done' })
  tell({ type: 'tables', tables })
  database.close()
}

process.on('disconnect', onOrphaned)
// A terminal's Ctrl-C reaches all processes at once; the parent ends them in order.
process.on('SIGINT', () => undefined)
// The only thing that a parent says: hand the copy over.
process.once('message', () => handOver.resolve())

try {
  await run(JSON.parse(process.argv[2] ?? '') as ProcessSetup)
  await allSent
  process.off('disconnect', onOrphaned)
  process.disconnect()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
  process.exit()
}
