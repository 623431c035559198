/** `npm run reliability`: makes the tables of docs/RELIABILITY.md from the results of the instruments. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { repository } from '../harness/child.ts'
import { pauseFile, readPauseResult, withPause } from './pause/pause-result.ts'
import { readResults, resultsFolder, withResults } from './reliability-page.ts'
import { MalformedResult } from './result.ts'

const page = join(repository, 'docs', 'RELIABILITY.md')
try {
  const results = readResults()
  const text = withResults(readFileSync(page, 'utf8'), results)
  writeFileSync(page, withPause(text, readPauseResult(pauseFile)))
  const names = results.map(({ instrument }) => instrument).join(', ')
  console.log(`${relative(repository, page)}: ${names} of ${relative(repository, resultsFolder)}`)
} catch (error) {
  if (!(error instanceof MalformedResult)) throw error
  console.error(error.message)
  process.exitCode = 1
}
