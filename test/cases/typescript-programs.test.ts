// Programs in TypeScript that use the installed package, under the settings that people have.
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { repository } from '../harness/child.ts'
import { Product } from '../harness/product.ts'

endProcessesAfterEach()

const program = `import { openUpdateQueue, TidingsError, type UpdateQueue } from 'tidings'
import { MemoryCluster } from 'tidings/testing'

interface Tables { TRADE: { TRADE_ID: string } }

async function main() {
  const queue = await openUpdateQueue<Tables>({
    process: 'API',
    instance: process.env['NO_SUCH_INSTANCE'],
    host: process.env['NO_SUCH_HOST'],
    transport: new MemoryCluster().transport('node-a'),
  })
  const any: UpdateQueue = queue
  queue.publish({ table: 'TRADE', kind: 'insert', record: { TRADE_ID: 'T1' }, before: undefined })
  await queue.flush({ signal: undefined })
  await any.close()
  try {
    queue.publish([])
  } catch (error) {
    const known: TidingsError | null = error instanceof TidingsError ? error : null
    console.log(known?.code)
  }
}
void main()
`

interface Settings {
  readonly type: 'module' | 'commonjs'
  readonly module: string
  readonly moduleResolution?: string
}

function compile({ type, ...options }: Settings): string {
  const product = new Product()
  const types = join(repository, 'node_modules', '@types')
  symlinkSync(types, join(product.folder, 'node_modules', '@types'), 'dir')
  product.write('package.json', JSON.stringify({ name: 'application', private: true, type }))
  const compilerOptions = {
    ...options,
    target: 'es2022',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    outDir: 'out',
  }
  product.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  product.write('program.ts', program)
  try {
    execFileSync(join(repository, 'node_modules', '.bin', 'tsc'), ['-p', product.folder])
  } catch (error) {
    throw new Error(String((error as { stdout: Buffer }).stdout), { cause: error })
  }
  return join(product.folder, 'out', 'program.js')
}

it.each([
  { type: 'module', module: 'nodenext' },
  { type: 'module', module: 'node16' },
  { type: 'commonjs', module: 'nodenext' },
  { type: 'commonjs', module: 'node16' },
  { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
] as const)('compile and run: %o', (settings) => {
  const file = compile(settings)
  expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe('CLOSED\n')
})
