/** The entry of every process of the demonstration but GENESIS_CLUSTER; its parent says which it is. */
import { assertNever } from '../base/assertion.ts'
import { runBypass } from './bypass.ts'
import { runCorrections } from './corrections.ts'
import { PriceDatabase } from './database.ts'
import { runEventHandler } from './event-handler.ts'
import type { ProcessSetup, Report } from './reports.ts'
import { runView } from './view.ts'

const finish = Promise.withResolvers<void>()
const onOrphaned = (): void => process.exit(1)

/** Resolves when the parent has been sent all reports; they go in order. */
let allSent = Promise.resolve()

function tell(report: Report): void {
  allSent = new Promise((sent) => process.send?.(report, undefined, undefined, () => sent()))
}

function run(setup: ProcessSetup): Promise<void> | void {
  switch (setup.role) {
    case 'event-handler':
      return runEventHandler(setup, tell, finish.promise)
    case 'corrections':
      return runCorrections(setup, tell, finish.promise)
    case 'price-view':
    case 'summary-view':
      return runView(setup, tell, finish.promise)
    case 'bypass':
      return runBypass(setup, tell)
    case 'database-reader':
      return readDatabase(setup)
    default:
      return assertNever(setup.role)
  }
}

function readDatabase({ database: file }: ProcessSetup): void {
  const database = new PriceDatabase(file)
  const tables = database.read()
  tell({ type: 'state', state: 'done' })
  tell({ type: 'tables', tables })
  database.close()
}

process.on('disconnect', onOrphaned)
// A terminal's Ctrl-C reaches all processes at once; the parent ends them in order.
process.on('SIGINT', () => undefined)
// The only thing that a parent says: bring your work to an end.
process.once('message', () => finish.resolve())

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
