import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { runnable } from '../../test/harness/tools.ts'

const folder = path.join(import.meta.dirname, '../../docs/wire')
const vectorsFile = path.join(folder, 'vectors.json')
const { vectors } = JSON.parse(fs.readFileSync(vectorsFile, 'utf8')) as {
  vectors: readonly object[]
}

const hasPython = spawnSync('python3', ['--version']).status === 0

/** Runs the reader on a file of vectors; it must leave no compiled files among the documents. */
function runPython(file: string): { status: number | null; stdout: string } {
  return spawnSync('python3', [path.join(folder, 'read.py'), file], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
}

/** docs/wire/read.py is checked wherever there is a Python, and always by continuous integration. */
const isRun = runnable('docs/wire/read.py', hasPython ? [] : ['python3'])

describe.runIf(isRun)('docs/wire/read.py', () => {
  it('W2: reads every vector with nothing but the Python standard library', () => {
    const run = runPython(vectorsFile)
    expect(run.stdout).toContain(`${vectors.length} of ${vectors.length} vectors read right`)
    expect(run.status).toBe(0)
  })

  it('W2: fails when a vector differs', () => {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'vectors-'))
    const file = path.join(scratch, 'wrong.json')
    fs.writeFileSync(file, JSON.stringify({ vectors: [{ ...vectors[0], meaning: {} }] }))
    const { status } = runPython(file)
    fs.rmSync(scratch, { recursive: true })
    expect(status).toBe(1)
  })
})
