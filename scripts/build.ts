// Builds dist/ from src/: `npm run build`.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeCommonjsTypes } from './commonjs-types.ts'

const dist = join(import.meta.dirname, '..', 'dist')
rmSync(dist, { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
writeCommonjsTypes(dist)
