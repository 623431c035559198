// Samples of the documentation, run and compiled as they are printed.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Child } from './child.ts'
import { root } from './pages.ts'
import type { TestCluster } from './test-cluster.ts'

const sourceOf = (folder: string): string => join(root, 'src', folder, 'index.ts')

/** What each entry of the package is in a checkout without a build. */
const doors: Readonly<Record<string, string>> = {
  tidings: sourceOf(''),
  'tidings/live': sourceOf('live'),
  'tidings/web': sourceOf('web'),
  'tidings/browser': sourceOf('browser'),
  'tidings/metrics': sourceOf('metrics'),
  'tidings/opentelemetry': sourceOf('opentelemetry'),
  'tidings/postgres': sourceOf('database/postgres'),
  'tidings/sqlite': sourceOf('database/sqlite'),
  'tidings/testing': sourceOf('testing'),
}

const urls = Object.entries(doors).map(([name, file]) => [name, pathToFileURL(file).href])

const hook = `import { registerHooks } from 'node:module'
  const doors = ${JSON.stringify(Object.fromEntries(urls))}
  registerHooks({ resolve: (name, context, next) => next(doors[name] ?? name, context) })`

/** The words of Node by which a program finds them, wherever it lies. */
export const withDoors = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`]

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
    arguments: [...withDoors, ...node, name],
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

/**
 * What the compiler says of the TypeScript in a folder, under the options of this project; nothing: it compiles. Packages are those of
 * the folder's node_modules.
 */
export function compileSamples(folder: string): string {
  const compilerOptions = {
    noUnusedLocals: false,
    typeRoots: [join(root, 'node_modules/@types')],
    paths: Object.fromEntries(Object.entries(doors).map(([name, file]) => [name, [file]])),
  }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['**/*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  return complaints(folder, 'tsc', '-p', folder)
}

/** What a tool of this project says that is not content with a folder. */
export function complaints(folder: string, tool: string, ...words: readonly string[]): string {
  try {
    const program = join(root, 'node_modules', '.bin', tool)
    execFileSync(program, words, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return ''
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return stdout + stderr || String(error)
  }
}
