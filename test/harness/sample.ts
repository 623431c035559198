// Samples of the documentation, run as they are printed.
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Child } from './child.ts'
import { root } from './pages.ts'
import type { TestCluster } from './test-cluster.ts'

const sourceOf = (folder: string): string => join(root, 'src', folder, 'index.ts')

/** What each entry of the package is in a checkout without a build. */
export const doors: Readonly<Record<string, string>> = {
  tidings: sourceOf(''),
  'tidings/live': sourceOf('live'),
  'tidings/metrics': sourceOf('metrics'),
  'tidings/opentelemetry': sourceOf('opentelemetry'),
  'tidings/postgres': sourceOf('database/postgres'),
  'tidings/sqlite': sourceOf('database/sqlite'),
  'tidings/testing': sourceOf('testing'),
}

const urls = Object.entries(doors).map(([name, file]) => [name, pathToFileURL(file).href])

/** Makes Node find them, wherever a sample lies. */
const hook = `import { registerHooks } from 'node:module'
  const doors = ${JSON.stringify(Object.fromEntries(urls))}
  registerHooks({ resolve: (name, context, next) => next(doors[name] ?? name, context) })`

interface SampleOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node before the program. */
  readonly node?: readonly string[]
}

/** Writes a sample into a file and runs it there, as a process of this cluster. */
export function startSample(
  cluster: TestCluster,
  file: string,
  program: string,
  { env = {}, node = [] }: SampleOptions = {},
): Child {
  writeFileSync(file, program)
  const name = basename(file)
  return new Child({
    name,
    arguments: ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, ...node, name],
    env: {
      TIDINGS_DEFINITION: cluster.definition,
      TIDINGS_HOST: cluster.node().host,
      ...env,
    },
    cwd: dirname(file),
    ipc: false,
    keepsOutput: true,
  })
}
