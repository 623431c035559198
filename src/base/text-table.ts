/** A cell of a table for people; numbers are grouped by thousands and stand to the right. */
export type Cell = string | number | null

/** Lines of a table with a header; absent values are a dash. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const texts = [header, ...rows.map((row) => row.map(cellText))]
  const widths = header.map((_, column) =>
    texts.reduce((most, row) => Math.max(most, (row[column] ?? '').length), 0),
  )
  const isRight = header.map((_, column) => rows.some((row) => typeof row[column] === 'number'))
  return texts.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0
        return isRight[column] ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

export const grouped = (number: number): string => number.toLocaleString('en')

function cellText(cell: Cell): string {
  if (cell === null) return '–'
  return typeof cell === 'number' ? grouped(cell) : cell
}
