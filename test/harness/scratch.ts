import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanUp } from './clean-up.ts'

/** A directory of its own for whatever a test writes; it goes with the processes of the test. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tidings-'))
  cleanUp(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
