import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { repository } from '../../harness/child.ts'
import { scratchDirectory } from '../../harness/scratch.ts'

/**
 * The program of the processes that die, in few files: what reads two hundred sources each time it is started takes twice as
 * long, and here nothing is started as often. Gives its path.
 */
export async function bundleDyingProcess(): Promise<string> {
  const folder = scratchDirectory()
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'dir')
  const build = await rolldown({
    input: ['dying-process', 'killer'].map((name) => join(import.meta.dirname, `${name}.ts`)),
    platform: 'node',
    external: /^[^./]/,
  })
  await build.write({ dir: folder, entryFileNames: '[name].mjs' })
  await build.close()
  return join(folder, 'dying-process.mjs')
}
