import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { productVersion } from '../../src/base/product-version.ts'
import { repository } from './child.ts'
import { scratchDirectory } from './scratch.ts'
import { replaceIn } from './changed-sources.ts'

const modules = join(repository, 'node_modules')

/** Builds are kept here, each under the digest of what it was built of. */
const builds = join(modules, '.cache', 'tidings-builds')
const packed = ['bin', 'data', 'docs', 'package.json']

/**
 * The folder of an application with the built package in its node_modules, as `npm install` of the
 * tarball would leave it (scripts/check-package.ts tries the tarball itself). Its dependencies are
 * links to those of this checkout.
 */
export class Product {
  readonly folder = scratchDirectory()
  readonly command: string

  /** `version`: one of its own, instead of ours. */
  constructor(version?: string) {
    const target = join(this.folder, 'node_modules')
    this.install(target)
    for (const name of dependencies()) symlinkSync(join(modules, name), join(target, name), 'dir')
    this.write('package.json', '{ "name": "application", "private": true, "type": "module" }')
    this.command = join(target, 'tidings', 'bin', 'tidings.js')
    if (version !== undefined) rename(join(target, 'tidings'), version)
  }

  /** Puts a copy of the package into a node_modules folder: also a second one. */
  install(target: string): void {
    mkdirSync(target, { recursive: true })
    cpSync(build(), join(target, 'tidings'), { recursive: true })
  }

  /** Writes a file of the application; returns its path. */
  write(name: string, text: string): string {
    const file = join(this.folder, name)
    writeFileSync(file, `${text}\n`)
    return file
  }
}

/** The bundler has put the version into whatever file says it. */
function rename(folder: string, version: string): void {
  replaceIn(
    join(folder, 'package.json'),
    `"version": "${productVersion}"`,
    `"version": "${version}"`,
  )
  const parts = join(folder, 'dist', 'parts')
  const word = `"${productVersion}"`
  for (const name of readdirSync(parts)) {
    const text = readFileSync(join(parts, name), 'utf8')
    if (text.includes(word)) writeFileSync(join(parts, name), text.replaceAll(word, `"${version}"`))
  }
}

const dependencies = (): string[] => {
  const text = readFileSync(join(repository, 'package.json'), 'utf8')
  return Object.keys((JSON.parse(text) as { dependencies: object }).dependencies)
}

/** What the package holds, built once for each state of the sources, whoever asks first. */
function build(): string {
  const place = join(builds, digest())
  if (existsSync(place)) return place
  mkdirSync(builds, { recursive: true })
  const draft = mkdtempSync(join(builds, 'draft-'))
  for (const name of packed) cpSync(join(repository, name), join(draft, name), { recursive: true })
  const script = join(repository, 'scripts', 'build.ts')
  const output = ['ignore', 'inherit', 'inherit'] as const
  execFileSync(process.execPath, [script, join(draft, 'dist')], { stdio: [...output] })
  try {
    renameSync(draft, place)
  } catch (error) {
    // Another process was first.
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(place)) throw error
  }
  return place
}

function digest(): string {
  const hash = createHash('sha256')
  for (const name of ['src', 'scripts', ...packed, 'tsconfig.json', 'tsconfig.build.json']) {
    const path = join(repository, name)
    const inner = name.includes('.')
      ? ['']
      : readdirSync(path, { recursive: true, encoding: 'utf8' })
    for (const each of inner.toSorted())
      if (name.includes('.') || /\.[a-z]+$/.test(each))
        hash.update(each).update(readFileSync(join(path, each)))
  }
  return hash.digest('hex').slice(0, 16)
}
