// Prints what the package needs to run, all of it with versions and digests, as a software bill of materials (CycloneDX; SPDX with
// `-- spdx`): that of the lock file, without what development needs.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '..')
const [format = 'cyclonedx'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'tidings-sbom-'))

const npm = (cwd: string, ...words: readonly string[]): string =>
  execFileSync('npm', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

try {
  const text = readFileSync(join(root, 'package.json'), 'utf8')
  const { devDependencies: _, overrides: __, scripts: ___, ...users } = JSON.parse(text)
  const { name, dependencies } = users as Manifest
  // npm calls what it describes by its folder. With the overrides, which are for development, it leaves zeromq out.
  const place = join(folder, name)
  mkdirSync(place)
  writeFileSync(join(place, 'package.json'), JSON.stringify(users))
  copyFileSync(join(root, 'package-lock.json'), join(place, 'package-lock.json'))
  const lockOnly = ['--package-lock-only', '--omit=dev', '--omit=peer']
  npm(place, 'install', ...lockOnly, '--ignore-scripts', '--no-audit', '--no-fund', '--silent')
  const bill = npm(place, 'sbom', ...lockOnly, '--sbom-type=library', `--sbom-format=${format}`)
  const missing = Object.keys(dependencies).filter((each) => !bill.includes(`pkg:npm/${each}@`))
  if (missing.length > 0) throw new Error(`the bill of materials lacks ${missing.join(', ')}`)
  process.stdout.write(bill)
} finally {
  rmSync(folder, { recursive: true })
}
