import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './child.ts'

/** Where scripts/install-test-tools.sh puts the data layers that test/layers/package-lock.json names. */
const installed = join(repository, 'node_modules', '.cache', 'data-layers')

export const layerModules = join(installed, 'node_modules')

/** What they were installed by is written behind them, and is what is wanted now. */
export function hasDataLayers(): boolean {
  const [is, wanted] = [
    join(installed, 'installed.json'),
    join(repository, 'test', 'layers', 'package-lock.json'),
  ]
  return existsSync(is) && readFileSync(is, 'utf8') === readFileSync(wanted, 'utf8')
}
