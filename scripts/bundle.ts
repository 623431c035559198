import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'

/** What is imported or started from outside: it keeps its path. */
const doors = [
  'index',
  'live/index',
  'web/index',
  'browser/index',
  'database/sqlite/index',
  'metrics/index',
  'opentelemetry/index',
  'database/postgres/index',
  'testing/index',
  'cli/main',
  'demo/demo-process',
]

/**
 * Puts the modules of a build together in a few files. A program that starts reads these instead of some two
 * hundred, which halves the work of importing the package. Names and lines stay readable, what is imported late
 * stays in a file of its own, and other packages stay where they are.
 */
export async function bundle(dist: string): Promise<void> {
  const build = await rolldown({
    input: Object.fromEntries(doors.map((door) => [door, join(dist, `${door}.js`)])),
    platform: 'node',
    external: /^[^./]/,
  })
  const { output } = await build.generate({
    chunkFileNames: 'parts/[name].js',
    comments: false,
  })
  await build.close()
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.js')) rmSync(join(dist, name))
  for (const file of output) {
    if (file.type !== 'chunk') throw new Error(`the bundle has ${file.fileName}, which is no code`)
    const path = join(dist, file.fileName)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, inAscii(withoutFacades(file.code)))
  }
}

/**
 * Other characters stand in texts and patterns alone, where an escape means the same. One of them makes V8 keep
 * the whole file at two bytes a character, and read it at half the speed.
 */
const inAscii = (code: string): string =>
  code.replaceAll(
    /[^\0-\x7F]/g,
    (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/**
 * Takes Node's own modules from the process instead of importing them. An import reads every name that the module
 * exports, and behind some stand getters that load more: `node:util` alone brings thirty modules that nobody asked for.
 */
const withoutFacades = (code: string): string =>
  code.replaceAll(
    /^import (.+) from "(node:[a-z0-9_/]+)";$/gm,
    (_, names: string, builtin: string) => {
      const module = `process.getBuiltinModule("${builtin}")`
      // `import one, { other } from`: the whole module by a name, and some of it by theirs.
      const [, whole, some] = /^(?:([\w$]+)(?:, )?)?(\{.+\})?$/.exec(names) ?? []
      if (whole === undefined && some === undefined)
        throw new Error(`an import that cannot be taken from the process: ${names} of ${builtin}`)
      const declared = [
        ...(whole === undefined ? [] : [`${whole} = ${module}`]),
        ...(some === undefined ? [] : [`${some.replaceAll(' as ', ': ')} = ${whole ?? module}`]),
      ]
      return `const ${declared.join(', ')};`
    },
  )
