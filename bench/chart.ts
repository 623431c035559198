import type { Series } from './results.ts'
import { median } from './statistics.ts'

const width = 820
const labelWidth = 330
const valueWidth = 110
const barHeight = 22
const rowHeight = 32
const top = 44
const barSpace = width - labelWidth - valueWidth

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Bars of the median throughput of the series of one workload, the fastest first. SVG. */
export function throughputChart(title: string, series: readonly Series[]): string {
  const bars = series
    .map((each) => ({
      title: each.title,
      isOurs: each.title.startsWith('Tidings'),
      rate: median(each.outcomes.map(({ perSecond }) => perSecond)),
    }))
    .sort((a, b) => b.rate - a.rate)
  const most = bars[0]?.rate ?? 1
  const height = top + bars.length * rowHeight + 12
  const rows = bars.flatMap(({ title: label, isOurs, rate }, index) => {
    const y = top + index * rowHeight
    const length = Math.max(1, Math.round((rate / most) * barSpace))
    const middle = y + barHeight - 6
    return [
      `  <text x="${labelWidth - 10}" y="${middle}" text-anchor="end">${escape(label)}</text>`,
      `  <rect x="${labelWidth}" y="${y}" width="${length}" height="${barHeight}" rx="3" fill="${isOurs ? '#2f6fde' : '#9aa4b2'}"/>`,
      `  <text x="${labelWidth + length + 8}" y="${middle}">${Math.round(rate).toLocaleString('en')}</text>`,
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title).replaceAll('"', '&quot;')}" font-family="system-ui, sans-serif" font-size="13">`,
    `  <rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `  <text x="12" y="26" font-size="15" font-weight="600">${escape(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}
