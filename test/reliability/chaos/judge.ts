/** `node test/reliability/chaos/judge.ts FOLDER`: judges the kept journals of one shape of a run again. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { JournalFolder } from '../journal-folder.ts'
import { judge } from '../verdict.ts'
import { violationLines } from './report.ts'
import type { KeptRun } from './shape-run.ts'
import { circumstancesOf, keptFile } from './shape-run.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: judge FOLDER: one that holds journals and run.json')
  process.exit(2)
}
const kept = JSON.parse(readFileSync(join(folder, keptFile), 'utf8')) as KeptRun
const journals = new JournalFolder(folder)
journals.read()
const { lives } = journals
journals.close()
for (const life of lives) life.killedAt = kept.killed[life.name] ?? Infinity
const verdict = judge(lives, circumstancesOf(kept.shape, kept.log))
const { owed, deliveries, reported, silent } = verdict
console.log({ shape: kept.shape, faults: kept.log.length, owed, deliveries, reported, silent })
const lines = violationLines({ ...kept, folder, verdict, lives, failures: [], seconds: 0 })
for (const line of lines) console.log(line)
process.exitCode = lines.length > 0 ? 1 : 0
