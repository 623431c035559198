import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { applicationBytes } from './heap-objects.ts'

const count = 10_000

/** How much more a process keeps after it has run this, bytes. */
function growthBy(statement: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'heap-'))
  try {
    const script = `
      const { writeHeapSnapshot } = require('node:v8')
      globalThis.kept = []
      writeHeapSnapshot('before')
      ${statement}
      writeHeapSnapshot('after')`
    execFileSync(process.execPath, ['-e', script], { cwd: folder })
    const [before, after] = ['before', 'after'].map((file) =>
      applicationBytes(readFileSync(join(folder, file), 'utf8')),
    ) as [number, number]
    return after - before
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it.each([
  ['objects', 'kept.push({ index })', 16],
  ['texts', 'kept.push(`text ${index}`)', 16],
  ['functions', 'kept.push(() => index)', 32],
  ['entries of maps', '(kept[0] ??= new Map()).set(index, index)', 16],
  ['entries of sets', '(kept[0] ??= new Set()).add(index)', 16],
  ['numbers', 'kept.push(index + 0.5)', 8],
  ['buffers', 'kept.push(Buffer.alloc(5_000))', 5_000],
  ['promises', 'kept.push(Promise.resolve(index))', 16],
])('%s that are kept count', (_, statement, least) => {
  const grown = growthBy(`for (let index = 0; index < ${count}; index++) ${statement}`)
  expect(grown).toBeGreaterThan(count * least)
  expect(grown).toBeLessThan(count * least * 20)
})

it('what V8 compiles, and notes of it, does not', () => {
  const functions = 300
  const grown = growthBy(`
    for (let number = 0; number < ${functions}; number++) {
      const sum = new Function('list', 'let sum = ' + number + '; for (const each of list) sum += each.value; return sum')
      const list = Array.from({ length: 1_000 }, (_, value) => ({ value }))
      for (let round = 0; round < 200; round++) sum(list)
      kept.push(sum)
    }`)
  // The functions themselves are kept, and their texts: some 100 bytes each.
  expect(grown).toBeLessThan(functions * 700)
})
