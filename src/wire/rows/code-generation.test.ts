import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { canGenerateCode, literal } from './code-generation.ts'

/** Prints what rows of many kinds become, as bytes and as updates again. */
const script = `
import { createHash } from 'node:crypto'
const at = (file) => new URL(file, ${JSON.stringify(import.meta.url)}).href
const { canGenerateCode } = await import(at('./code-generation.ts'))
const { encodeBatch } = await import(at('../frames/message-codec.ts'))
const { RowReader } = await import(at('./row-reader.ts'))
const { RowWriter } = await import(at('./row-writer.ts'))
const publisher = { node: 'n', process: 'P', instance: '', incarnation: '00'.repeat(16) }
const writer = new RowWriter({ batchBytes: 20000 })
for (let n = 0; n < 2000; n++) {
  const record = { id: 'T' + n, n: n / 3, i: BigInt(n), d: new Date(n), b: n % 2 === 0, side: n % 2 ? 'BUY' : 'SELL',
    bytes: new Uint8Array([n]), json: { n }, wide: n % 7 ? 'narrow' : '山' + n, long: 'x'.repeat(n % 50),
    nothing: null, mixed: n % 2 ? n : 's' + n, ['__proto__']: n }
  if (n % 5 === 0) delete record.n
  writer.append({ kind: 'modify', record, before: n % 3 ? undefined : { id: 'T' + n }, version: n % 4 ? undefined : 5n })
}
const hash = createHash('sha256')
const updates = []
let first = 1
for (const rows of writer.take()) {
  const count = rows.count
  const commits = [{ type: 'run', commit: first, commits: count, updatesEach: 1 }]
  const header = { publisher, table: 'T', first, count, parcel: 1, manifest: [], commits, publishedAt: 0 }
  const batch = encodeBatch(header, rows)
  hash.update(batch.frame)
  if (!new RowReader().read(batch, 0, updates)) throw new Error('malformed')
  first += count
}
const text = JSON.stringify(updates, (_, value) => (typeof value === 'bigint' ? value + 'n' : value))
hash.update(text)
console.log(JSON.stringify([canGenerateCode, updates.length, hash.digest('hex')]))
`

function run(...flags: string[]): unknown[] {
  const said = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(said) as unknown[]
}

describe('generated code', () => {
  it('W3: gives the same bytes and the same updates as closures where it is forbidden', () => {
    const [generates, updates, hash] = run()
    expect([generates, updates]).toEqual([true, 2000])
    expect(run('--disallow-code-generation-from-strings')).toEqual([false, 2000, hash])
  })

  it('W3: holds names as literals only', () => {
    expect(canGenerateCode).toBe(true)
    for (const name of ['"', '\\', "'", '`${x}', '\n', '\u2028', '\u2029', '__proto__', '*/']) {
      const text = literal(name)
      expect(text).toMatch(/^"[^\n\u2028\u2029]*"$/)
      expect(JSON.parse(text)).toBe(name)
    }
  })
})
