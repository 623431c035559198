import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'

/** What is imported or started from outside: it keeps its path. */
const doors = ['index', 'testing/index', 'cli/main', 'demo/demo-process']

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
  const { output } = await build.generate({ chunkFileNames: 'parts/[name].js' })
  await build.close()
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.js')) rmSync(join(dist, name))
  for (const file of output) {
    if (file.type !== 'chunk') throw new Error(`the bundle has ${file.fileName}, which is no code`)
    const path = join(dist, file.fileName)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, file.code)
  }
}
