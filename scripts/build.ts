// Builds dist/ from src/: `npm run build`. With an argument: into that folder.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from './bundle.ts'
import { writeCommonjsTypes } from './commonjs-types.ts'

const root = join(import.meta.dirname, '..')
const dist = resolve(process.argv[2] ?? join(root, 'dist'))
rmSync(dist, { recursive: true, force: true })
const compiler = ['-p', join(root, 'tsconfig.build.json'), '--outDir', dist]
execFileSync(join(root, 'node_modules', '.bin', 'tsc'), compiler, { stdio: 'inherit' })
await bundle(dist)
writeCommonjsTypes(dist)
