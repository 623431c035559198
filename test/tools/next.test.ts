// Next.js as docs/COMPATIBILITY.md has it: built and started from an application's folder, into which npm installs it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'
import { Product } from '../harness/product.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'

const versions = { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' }

endProcessesAfterEach()

const page = readFileSync(join(repository, 'docs/COMPATIBILITY.md'), 'utf8')
const [, packages = ''] = /`serverExternalPackages: (\[.*?\])` in `next\.config`/.exec(page) ?? []

const application = {
  'package.json': '{ "name": "application", "private": true }',
  'next.config.mjs': `export default { serverExternalPackages: ${packages} }`,
  'instrumentation.js': `export async function register() {
      if (process.env.NEXT_RUNTIME !== 'nodejs') return
      const { openUpdateQueue } = await import('tidings')
      globalThis.queue ??= await openUpdateQueue({ process: 'WEB' })
      const trades = globalThis.queue.subscribe('TRADE', {
        onDelivery: ({ updates = [] }) => {
          for (const { record } of updates) globalThis.latest = record
        },
      })
      await trades.ready
    }`,
  'app/layout.js':
    'export default ({ children }) => <html lang="en"><body>{children}</body></html>',
  'app/page.js': `export const dynamic = 'force-dynamic'
    export default function Page() {
      return <p>{'latest:' + globalThis.latest?.TRADE_ID}</p>
    }`,
}

function install(): string {
  const folder = scratchDirectory()
  mkdirSync(join(folder, 'app'))
  for (const [name, text] of Object.entries(application)) writeFileSync(join(folder, name), text)
  const manifest = readFileSync(join(repository, 'package.json'), 'utf8')
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> }
  const list = Object.entries({ ...versions, ...dependencies })
  const wanted = list.map(([name, version]) => `${name}@${version}`)
  const words = ['install', '--no-audit', '--no-fund', '--prefix', folder, ...wanted]
  execFileSync('npm', words, { cwd: folder, stdio: 'ignore' })
  new Product().install(join(folder, 'node_modules'))
  return folder
}

it('Next.js: a queue that register() has opened tells the pages of updates', async () => {
  const cluster = await TestCluster.start('mesh')
  const { host } = cluster.node()
  const folder = install()
  const next = (...words: string[]): Child =>
    new Child({
      name: `next ${words[0]}`,
      arguments: [join(folder, 'node_modules', 'next', 'dist', 'bin', 'next'), ...words],
      env: {
        TIDINGS_DEFINITION: cluster.definition,
        TIDINGS_HOST: host,
        NEXT_TELEMETRY_DISABLED: '1',
        NODE_ENV: 'production',
      },
      cwd: folder,
      ipc: false,
    })
  const build = next('build')
  expect(await build.ended, build.log).toEqual({ code: 0, signal: null })
  const [port] = await freePorts(host, 1)
  const server = next('start', '--hostname', host, '--port', String(port))
  await cluster.node().child.says(/process WEB registered/)
  const shown = async (): Promise<string> =>
    (await fetch(`http://${host}:${port}/`).catch(() => null))?.text() ?? ''
  const shows = (text: string) =>
    eventually(
      () => `the page shows ${text}:\n${server.log}`,
      async () => (await shown()).includes(text),
    )
  await shows('latest:undefined')
  await cluster.run(['publish', 'TRADE', '{"TRADE_ID":"T1"}'])
  await shows('latest:T1')
})
