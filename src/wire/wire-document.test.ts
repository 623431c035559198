import fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeBatch } from './frames/message-codec.ts'
import { messageKinds, requestKinds } from './frames/envelope.ts'
import { wireLimits } from './limits.ts'
import { updateKinds } from './rows/payload.ts'
import { refusedReasons } from './refused.ts'
import { states } from './rows/row-layout.ts'
import { RowWriter } from './rows/row-writer.ts'
import { fieldTypes } from './rows/shape.ts'

const document = fs.readFileSync(new URL('../../docs/WIRE.md', import.meta.url), 'utf8')

/** The cells of the table that stands below a heading and has these columns. */
function tableOf(heading: string, ...columns: string[]): string[][] {
  const section = document.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const lines = section.split('\n').map((line) => line.trim())
  const head = lines.findIndex((line) => line.startsWith(`| ${columns.join(' | ')}`))
  const rest = lines.slice(head + 2)
  const rows = rest.slice(0, rest.findIndex((line) => !line.startsWith('|')) >>> 0)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const codes = (rows: string[][]) =>
  Object.fromEntries(rows.map(([name, code]) => [name, Number(code)]))

describe('docs/WIRE.md', () => {
  it('lists the kinds and types with their codes', () => {
    expect(codes(tableOf('Messages', 'kind', 'code'))).toEqual(messageKinds)
    expect(codes(tableOf('Requests', 'kind', 'code'))).toEqual(requestKinds)
    expect(codes(tableOf('Payload', 'type', 'code'))).toEqual(fieldTypes)
    expect(document).toContain(updateKinds.map((kind, n) => `${n} ${kind}`).join(', '))
    const bits = tableOf('Payload', 'bits', 'meaning').map(([bits]) => Number(bits))
    expect(bits).toEqual(Object.values(states))
  })

  it('lists the reasons to refuse', () => {
    const listed = tableOf('Refusals', 'reason').map(([reason]) => reason?.replaceAll('`', ''))
    expect(listed).toEqual([...refusedReasons])
  })

  it('lists the limits', () => {
    const listed = tableOf('Limits', 'limit', 'value').map(([name, value]) => [
      name?.replaceAll('`', ''),
      Number(value?.replaceAll(',', '')),
    ])
    expect(Object.fromEntries(listed)).toEqual(wireLimits)
  })

  it('shows the very bytes in its worked example', () => {
    const writer = new RowWriter()
    const record = { id: 'T1', price: 1.5, live: true, note: null }
    writer.append({ kind: 'insert', record })
    const [rows] = writer.take()
    if (rows === undefined) throw new Error('no rows')
    const { frame } = encodeBatch(
      {
        publisher: {
          node: 'a',
          process: 'P',
          instance: '',
          incarnation: '000102030405060708090a0b0c0d0e0f',
        },
        table: 'TRADE',
        first: 7,
        count: 1,
        parcel: 3,
        manifest: [{ table: 'TRADE', last: 7 }],
        commits: [{ type: 'run', commit: 5, commits: 1, updatesEach: 1 }],
        publishedAt: 1_700_000_000_000,
      },
      rows,
    )
    const shown = tableOf('A worked example', 'offset', 'bytes')
    const bytes = shown.map(([, cell]) => cell?.replaceAll(/[` ]/g, '')).join('')
    expect(bytes).toBe(Buffer.from(frame).toString('hex'))
    let offset = 0
    for (const [at, cell] of shown) {
      expect(Number(at)).toBe(offset)
      offset += (cell?.replaceAll(/[` ]/g, '').length ?? 0) / 2
    }
  })
})
