// The programs of examples/, each in a folder of its own with the built package and what its package.json names, as its reader has them.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { Child, repository } from './child.ts'
import { Product } from './product.ts'
import { scratchDirectory } from './scratch.ts'
import type { TestCluster } from './test-cluster.ts'

const examples = join(repository, 'examples')

/** What npm has installed is kept here, each under the digest of what was wanted. */
const kept = join(repository, 'node_modules', '.cache', 'examples')

type Packages = Readonly<Record<string, string>>

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Packages
  readonly devDependencies?: Packages
}

/** Where it is ready to be started. */
export function exampleFolder(name: string): string {
  const source = join(examples, name)
  const product = new Product()
  const { dependencies, devDependencies } = manifestOf(source)
  const { tidings: _, ...wanted } = { ...dependencies, ...devDependencies }
  const isBare = Object.keys(wanted).length === 0
  const folder = isBare ? product.folder : scratchDirectory()
  const isOurs = (path: string): boolean =>
    !['node_modules', 'package-lock.json'].includes(basename(path)) && !path.includes('.db')
  cpSync(source, folder, { recursive: true, filter: isOurs })
  if (!isBare) {
    const modules = join(folder, 'node_modules')
    copy(install({ ...wanted, ...manifestOf(repository).dependencies }), modules)
    product.install(modules)
  }
  return folder
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** Its processes are of one cluster. */
export class Example {
  readonly folder: string
  readonly #cluster: TestCluster

  constructor(name: string, cluster: TestCluster) {
    this.folder = exampleFolder(name)
    this.#cluster = cluster
  }

  /** What `npm run SCRIPT WORDS` starts: `node FILE`, or a program of a package that has its name. */
  start(script: string, env: Readonly<Record<string, string>> = {}, ...words: string[]): Child {
    const [program = '', ...first] = (manifestOf(this.folder).scripts[script] ?? '').split(' ')
    const { folder } = this
    const start = program === 'node' ? [] : [binOf(join(folder, 'node_modules', program), program)]
    return new Child({
      name: `${script} ${words.join(' ')}`,
      arguments: [...start, ...first, ...words],
      env: {
        TIDINGS_DEFINITION: this.#cluster.definition,
        TIDINGS_HOST: this.#cluster.node().host,
        ...env,
      },
      cwd: folder,
      ipc: false,
      keepsOutput: true,
    })
  }
}

/** The file of a program that a package brings. */
function binOf(packageFolder: string, program: string): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8')
  const { bin } = JSON.parse(text) as { bin: Readonly<Record<string, string>> }
  return join(packageFolder, bin[program] ?? '')
}

/** The node_modules with these packages, which npm installs when they are wanted for the first time. */
function install(packages: Packages): string {
  const list = Object.entries(packages).map(([name, version]) => `${name}@${version}`)
  const digest = createHash('sha256').update(list.join(' ')).digest('hex').slice(0, 16)
  const place = join(kept, digest)
  if (!existsSync(place)) {
    mkdirSync(kept, { recursive: true })
    const draft = mkdtempSync(join(kept, 'draft-'))
    writeFileSync(join(draft, 'package.json'), '{ "private": true }')
    const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...list]
    execFileSync('npm', words, { cwd: draft, stdio: ['ignore', 'ignore', 'inherit'] })
    try {
      renameSync(draft, place)
    } catch (error) {
      // Another process was first.
      rmSync(draft, { recursive: true, force: true })
      if (!existsSync(place)) throw error
    }
  }
  return join(place, 'node_modules')
}

/** As links to the same files where both folders are on one disk: a bundler does not follow links to other folders. */
function copy(from: string, to: string): void {
  try {
    execFileSync('cp', ['-al', from, to], { stdio: 'ignore' })
  } catch {
    cpSync(from, to, { recursive: true })
  }
}
