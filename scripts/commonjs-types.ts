// The declarations that a CommonJS program in TypeScript finds. `require('tidings')` gives the same ES module
// as `import`, which the compiler does not believe under `module: node16`: so each name is declared once more
// as coming through `require`, and stays the very type that `import` gives.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Door {
  readonly values: readonly string[]
  readonly types: readonly string[]
}

/** The names of an index.ts, which lists them one by one. */
function doorOf(source: string): Door {
  const values: string[] = []
  const types: string[] = []
  for (const [, all, list = ''] of source.matchAll(/^export (type )?\{([^}]*)\}/gm))
    for (const name of list.split(',').map((entry) => entry.trim())) {
      if (name === '') continue
      const [, only, plain = ''] = /^(type )?(\w+)$/.exec(name) ?? []
      if (plain === '') throw new Error(`a door does not rename: ${name}`)
      if (all || only) types.push(plain)
      else values.push(plain)
    }
  return { values, types }
}

function commonjsTypes(door: Door): string {
  const esm = './index.js'
  // Those of the values that are types, too.
  const classes = door.values.filter((name) => /^[A-Z]/.test(name))
  const mode = "with { 'resolution-mode': 'import' }"
  return [
    `import type * as door from '${esm}' ${mode}`,
    `export type { ${door.types.join(', ')} } from '${esm}' ${mode}`,
    ...door.values.map((name) => `export declare const ${name}: typeof door.${name}`),
    ...classes.map((name) => `export type ${name} = door.${name}`),
    '',
  ].join('\n')
}

/** Writes `index.d.cts` beside each door of a build. */
export function writeCommonjsTypes(dist: string): void {
  for (const folder of [
    '.',
    'live',
    'web',
    'browser',
    'metrics',
    'opentelemetry',
    'database/sqlite',
    'database/postgres',
    'testing',
  ]) {
    const source = join(import.meta.dirname, '..', 'src', folder, 'index.ts')
    const target = join(dist, folder, 'index.d.cts')
    writeFileSync(target, commonjsTypes(doorOf(readFileSync(source, 'utf8'))))
  }
}
