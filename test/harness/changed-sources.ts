import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { productVersion } from '../../src/base/product-version.ts'
import { wireVersion } from '../../src/model/wire-version.ts'
import { repository } from './child.ts'
import { scratchDirectory } from './scratch.ts'

/** A copy of the sources that says another version of itself, or speaks another one of the wire; its folder. */
export function changedSources({ wire = wireVersion, version = productVersion }): string {
  const folder = scratchDirectory()
  for (const name of ['bin', 'src', 'package.json'])
    cpSync(join(repository, name), join(folder, name), { recursive: true })
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'dir')
  for (const [file, before, after] of [
    ['model/wire-version.ts', `wireVersion = ${wireVersion}\n`, `wireVersion = ${wire}\n`],
    ['cluster/membership/peers.ts', `Version = ${wireVersion}\n`, `Version = ${wire}\n`],
    ['base/product-version.ts', `'${productVersion}'`, `'${version}'`],
  ] as const)
    replaceIn(join(folder, 'src', file), before, after)
  return folder
}

/** @throws Error where the text is not in the file. */
export function replaceIn(file: string, text: string, by: string): void {
  const before = readFileSync(file, 'utf8')
  if (!before.includes(text)) throw new Error(`${file} has no ${JSON.stringify(text)}`)
  writeFileSync(file, before.replace(text, by))
}
