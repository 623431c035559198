import type { Rule } from './rule.ts'

/** The table of docs/RULES.md. */
export function tableOfRules(rules: readonly Rule[]): string {
  const rows = rules.map(({ rule, says, file, test }) => {
    const failing =
      'file' in test
        ? `\`${test.file}\`: ${test.name.replaceAll('|', '\\|')}`
        : `\`npm run simulate -- --seeds ${test.seeds}\``
    return `| ${rule} | ${says} | \`${file}\` | ${failing} |`
  })
  return [
    '| | rule | where in `src/` | test that fails without it |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
