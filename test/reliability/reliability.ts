/** `npm run reliability`: makes the tables of docs/RELIABILITY.md from the results of the instruments. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { repository } from '../harness/child.ts'
import { readResults, resultsFolder, withResults } from './reliability-page.ts'
import { MalformedResult } from './result.ts'

const page = join(repository, 'docs', 'RELIABILITY.md')
try {
  const results = readResults()
  writeFileSync(page, withResults(readFileSync(page, 'utf8'), results))
  const names = results.map(({ instrument }) => instrument).join(', ')
  console.log(`${relative(repository, page)}: ${names} of ${relative(repository, resultsFolder)}`)
} catch (error) {
  if (!(error instanceof MalformedResult)) throw error
  console.error(error.message)
  process.exitCode = 1
}
