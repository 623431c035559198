/**
 * `npm run bench:growth`: what grows with what, on real processes; writes `bench/GROWTH.md`.
 * `-- --only sizes,commits --most 32 --json FILE`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { count, instrument } from '../../src/testing/instrument.ts'
import { childrenLogs, endChildren } from '../../test/harness/child.ts'
import { available } from '../../test/harness/tools.ts'
import { measureCommits } from './commits.ts'
import type { MeasuredSection, Section, SectionName } from './page.ts'
import { growthPage, tableText } from './page.ts'
import { measureIdle } from './idle.ts'
import { measureLate } from './late.ts'
import { measureLinks } from './links.ts'
import { measureProcesses } from './processes.ts'
import { measureSizes } from './sizes.ts'
import { measureTables } from './tables.ts'

const pageFile = join(import.meta.dirname, '..', 'GROWTH.md')

const measures: Record<SectionName, () => Promise<Section>> = {
  processes: () => measureProcesses(most),
  late: measureLate,
  tables: measureTables,
  sizes: measureSizes,
  commits: measureCommits,
  links: () => measureLinks(most),
  idle: () => measureIdle(most),
}

/** Their nodes are machines with networks of their own. */
const onMachines: ReadonlySet<string> = new Set(['links', 'idle'])

const { only, most, json } = instrument(
  'bench:growth',
  'What grows with what, on real processes. Writes the sections that it measures into bench/GROWTH.md.',
)
  .option('--only <names>', `of ${Object.keys(measures).join(', ')}`, names, Object.keys(measures))
  .option('--most <n>', 'processes of a node, and nodes', count, 64)
  .option('--json <file>', 'leave the sections there too')
  .parse()
  .opts<{ only: readonly string[]; most: number; json?: string }>()

function names(text: string): string[] {
  const all = text.split(',')
  const unknown = all.filter((name) => !(name in measures))
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no ${unknown.join(', ')}.`)
  return all
}

async function measured(measure: () => Promise<Section>): Promise<MeasuredSection> {
  const [loadBefore = Number.NaN] = loadavg()
  try {
    const section = await measure()
    const [loadAfter = Number.NaN] = loadavg()
    const cpus = availableParallelism()
    return { ...section, surroundings: { cpus, node: process.version, loadBefore, loadAfter } }
  } catch (error) {
    console.error(childrenLogs())
    throw error
  } finally {
    await endChildren()
  }
}

const sections: MeasuredSection[] = []
for (const [name, measure] of Object.entries(measures)) {
  if (!only.includes(name)) continue
  if (onMachines.has(name) && !available(name, 'network')) continue
  const section = await measured(measure)
  sections.push(section)
  console.log([`\n${section.title}`, tableText(section), ...section.laws].join('\n'))
}
const earlier = existsSync(pageFile) ? readFileSync(pageFile, 'utf8') : ''
writeFileSync(pageFile, growthPage(sections, earlier))
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ sections }, null, 2)}\n`)
console.log(`\nwritten: ${pageFile}`)
