// Bundlers and test runners that people use, on the installed package. Those that are no dependency of this
// project are installed by npm into a folder of their own, once for each list of versions.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { Product } from '../harness/product.ts'
import { TestCluster } from '../harness/test-cluster.ts'

const versions = { esbuild: '0.28.2', jest: '30.5.2', tsx: '4.23.15' }

endProcessesAfterEach()

/** The node_modules folder with the tools. */
function tools(): string {
  const list = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
  const folder = join(repository, 'node_modules', '.cache', 'tidings-tools', list.join('+'))
  if (existsSync(join(folder, 'installed'))) return join(folder, 'node_modules')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const options = ['--no-audit', '--no-fund', '--prefix', folder]
  execFileSync('npm', ['install', ...options, ...list], { cwd: folder, stdio: 'ignore' })
  writeFileSync(join(folder, 'installed'), '')
  return join(folder, 'node_modules')
}

/** An application beside a cluster: a queue in memory, then one over ZeroMQ that hears itself. */
async function stage() {
  const cluster = await TestCluster.start('mesh')
  const product = new Product()
  const env = { TIDINGS_DEFINITION: cluster.definition, TIDINGS_HOST: cluster.node().host }
  product.write(
    'program.ts',
    `import { openUpdateQueue, type OpenOptions } from 'tidings'
    import { MemoryCluster } from 'tidings/testing'

    async function round(options: OpenOptions): Promise<void> {
      const queue = await openUpdateQueue(options)
      const trades = queue.subscribe('TRADE')
      await trades.ready
      queue.publish({ table: 'TRADE', kind: 'insert', record: { AT: new Date(0) } })
      for await (const delivery of trades) {
        if (delivery.type === 'updates') console.log(JSON.stringify(delivery.updates[0]?.record))
        break
      }
      await queue.close()
    }

    async function main(): Promise<void> {
      await round({ process: 'A', transport: new MemoryCluster().transport('n') })
      await round({ process: 'A' })
    }
    void main()`,
  )
  const run = async (words: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const child = new Child({
      name: words.join(' '),
      arguments: words,
      env: { ...env, ...more },
      cwd: product.folder,
      ipc: false,
      keepsOutput: true,
    })
    return { ...(await child.ended), output: child.output, log: child.log }
  }
  return { product, run }
}

const heard = '{"AT":"1970-01-01T00:00:00.000Z"}\n'

it.each(['esm', 'cjs'])('esbuild: a bundle as %s, with zeromq left out of it', async (format) => {
  const { product, run } = await stage()
  const file = join(product.folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
  execFileSync(join(tools(), 'esbuild', 'bin', 'esbuild'), [
    join(product.folder, 'program.ts'),
    '--bundle',
    '--platform=node',
    `--format=${format}`,
    '--external:zeromq',
    `--outfile=${file}`,
    '--log-level=warning',
  ])
  expect(await run([file])).toMatchObject({ code: 0, output: heard + heard })
})

it('tsx runs a program as it is', async () => {
  const { run } = await stage()
  const tsx = join(tools(), 'tsx', 'dist', 'cli.mjs')
  expect(await run([tsx, 'program.ts'])).toMatchObject({ code: 0, output: heard + heard })
})

it('Jest: CommonJS tests that require the package', async () => {
  const { product, run } = await stage()
  for (const name of readdirSync(tools()))
    if (!existsSync(join(product.folder, 'node_modules', name)) && !name.startsWith('.'))
      symlinkSync(join(tools(), name), join(product.folder, 'node_modules', name), 'dir')
  product.write('package.json', '{ "name": "application", "private": true }')
  product.write(
    'first.test.js',
    `const { openUpdateQueue, TidingsError } = require('tidings')
    const { MemoryCluster } = require('tidings/testing')
    const round = async (options) => {
      const queue = await openUpdateQueue(options)
      const trades = queue.subscribe('TRADE')
      await trades.ready
      queue.publish({ table: 'TRADE', kind: 'insert', record: { AT: new Date(0) } })
      for await (const { updates } of trades) {
        expect(updates[0].record.AT.getTime()).toBe(0)
        break
      }
      await queue.close()
    }
    test('memory', () => round({ process: 'A', transport: new MemoryCluster().transport('n') }))
    test('zeromq', () => round({ process: 'A' }))
    test('errors', () => expect(openUpdateQueue({})).rejects.toBeInstanceOf(TidingsError))`,
  )
  const jest = join(tools(), 'jest', 'bin', 'jest.js')
  const done = await run(['--experimental-vm-modules', jest, '--runInBand'])
  expect(done, done.log).toMatchObject({ code: 0 })
  expect(done.log).toContain('3 passed')
})

const vitestFile = `import { expect, it } from 'vitest'
import { openUpdateQueue } from 'tidings'
import { MemoryCluster } from 'tidings/testing'
it('memory', async () => {
  const queue = await openUpdateQueue({ process: 'A', transport: new MemoryCluster().transport('n') })
  await queue.close()
})
it('zeromq, left open', async () => {
  const queue = await openUpdateQueue({ process: 'A' })
  expect(queue.identity.process).toBe('A')
})`

it.each(['forks', 'threads', 'vmThreads'])('vitest with the pool %s', async (pool) => {
  const { product, run } = await stage()
  const modules = join(product.folder, 'node_modules')
  symlinkSync(join(repository, 'node_modules', 'vitest'), join(modules, 'vitest'), 'dir')
  product.write('setup.mjs', "import 'tidings'\nexport default () => {}")
  product.write(
    'vitest.config.mjs',
    `export default { test: { pool: '${pool}', globalSetup: './setup.mjs' } }`,
  )
  product.write('first.test.mjs', vitestFile)
  const vitest = join(repository, 'node_modules', 'vitest', 'vitest.mjs')
  const done = await run([vitest, 'run'])
  expect(done, done.log).toMatchObject({ code: 0 })
})
