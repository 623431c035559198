import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { stateDirectory } from '../cluster/roster/roster-file.ts'
import { type Examined, examined, type Finding, problem } from './finding.ts'

/** A roster of thousands of processes is about a megabyte, and two of it lie there while one is replaced. */
const freeBytesWanted = 16 * 1024 * 1024

/** Whether GENESIS_CLUSTER can keep there what it has to know after a restart. */
export function examineStateFolder(folder = stateDirectory()): Examined {
  const fine = `${folder} can be ${existsSync(folder) ? 'written' : 'made'}`
  return examined('state folder', fine, findingsOf(folder))
}

/** The folder, or the nearest one above it that is there: GENESIS_CLUSTER makes what is missing. */
const nearest = (folder: string): string =>
  existsSync(folder) ? folder : nearest(path.dirname(folder))

function findingsOf(folder: string): Finding[] {
  const remedy = 'give TIDINGS_STATE a folder that GENESIS_CLUSTER may write'
  const there = nearest(folder)
  try {
    const probe = mkdtempSync(path.join(there, 'tidings-doctor-'))
    writeFileSync(path.join(probe, 'probe'), 'x')
    rmSync(probe, { recursive: true })
  } catch (error) {
    return [
      problem(`the state folder ${folder} cannot be written: ${(error as Error).message}`, remedy),
    ]
  }
  const { bavail, bsize } = statfsSync(there)
  const free = bavail * bsize
  if (free >= freeBytesWanted) return []
  return [
    problem(
      `the disk of the state folder ${folder} has ${free.toLocaleString('en')} bytes left, and ${freeBytesWanted.toLocaleString('en')} are wanted`,
      `make room there, or ${remedy}`,
    ),
  ]
}
