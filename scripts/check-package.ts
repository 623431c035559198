// Packs the package, asks publint, arethetypeswrong and npm what they say of it, installs it into an empty folder, and uses it
// from there: `import`, `require`, the types and the command.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'tidings-package-'))
const run = (command: string, args: readonly string[], cwd = folder): string =>
  execFileSync(command, [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

/** Runs a tool of this project over the tarball. @throws Error where it finds a fault. */
function judge(tool: string, ...args: readonly string[]): void {
  const program = join(root, 'node_modules', '.bin', tool)
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${tool} finds fault with the package:\n${stdout}${stderr}`)
}

/** What npm would do: @throws Error where it says that it has to correct something. */
function publishDry(tarball: string): void {
  const words = ['publish', tarball, '--dry-run', '--access', 'public']
  const { status, stderr } = spawnSync('npm', words, { cwd: folder, encoding: 'utf8' })
  const warnings = stderr.split('\n').filter((line) => /^npm (?:warn|error)/.test(line))
  // Who only checks the package is logged in nowhere.
  const others = warnings.filter((line) => !line.includes('requires you to be logged in'))
  if (status !== 0 || others.length > 0) throw new Error(`npm publish: ${stderr}`)
}

try {
  const packed = run('npm', ['pack', '--json', '--pack-destination', folder], root)
  const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ]
  const strays = files.filter(({ path }) => /\.test\.|\.map$|^src\/|^test\//.test(path))
  if (strays.length > 0) throw new Error(`the package holds ${strays[0]?.path}`)
  const tarball = join(folder, filename)
  judge('publint', 'run', tarball, '--strict')
  // `require()` gives the ES module itself, as Node 22 does it, and its declarations say so: to the tool both are warnings.
  // `node10` is TypeScript for a Node that knows no `exports`.
  const known = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', 'false-cjs']
  judge('attw', tarball, ...known)
  publishDry(tarball)
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module', allowScripts: { zeromq: true } }),
  )
  run('npm', ['install', '--no-audit', '--no-fund', tarball])
  writeFileSync(
    join(folder, 'use.mjs'),
    `import { openUpdateQueue, TidingsError } from 'tidings'
     import { liveTable } from 'tidings/live'
     import { metricsText } from 'tidings/metrics'
     import { publishCommits } from 'tidings/postgres'
     import { MemoryCluster } from 'tidings/testing'
     import { liveTable as liveTableOfPage } from 'tidings/browser'
     import { liveResponse } from 'tidings/web'
     import { createRequire } from 'node:module'
     const required = createRequire(import.meta.url)('tidings')
     if (required.openUpdateQueue !== openUpdateQueue) throw new Error('two copies')
     const cluster = new MemoryCluster()
     const a = await openUpdateQueue({ process: 'A', transport: cluster.transport() })
     const b = await openUpdateQueue({ process: 'B', transport: cluster.transport() })
     const trades = b.subscribe('TRADE')
     await trades.ready
     a.publish({ table: 'TRADE', kind: 'insert', record: { id: 1 } })
     for await (const delivery of trades) {
       if (delivery.updates[0].record.id !== 1) throw new Error('wrong record')
       break
     }
     const live = await liveTable(b, { table: 'TRADE', key: 'id', read: () => [{ id: 2 }] })
     if (live.get(2) === undefined) throw new Error('no row')
     const respond = liveResponse({ tables: { TRADE: live }, authorize: () => true })
     globalThis.fetch = (url, options) => respond(new Request(url, options))
     const page = liveTableOfPage('http://localhost/', 'TRADE')
     await page.ready
     if (page.get(2)?.id !== 2) throw new Error('no row in the page')
     page.close()
     if (!metricsText(b).includes('tidings_build_info{version="')) throw new Error('no figures')
     try { publishCommits({}, a) } catch (error) {
       if (error.code !== 'USAGE') throw error
     }
     await a.close()
     await b.close()
     const missing = await import('tidings/opentelemetry').catch(({ message }) => message)
     if (!String(missing).includes('@opentelemetry/api')) throw new Error('what it needs is not told')
     try { await openUpdateQueue({}) } catch (error) {
       if (!(error instanceof TidingsError) || error.code !== 'USAGE') throw error
     }
     console.log('import: ok')`,
  )
  process.stdout.write(run(process.execPath, ['use.mjs']))
  const command = join(folder, 'node_modules', '.bin', 'tidings')
  const version = run(command, ['--version']).trim()
  const check = run(command, ['check', '--json'])
  if (typeof JSON.parse(check) !== 'object')
    throw new Error('tidings check --json printed no object')
  process.stdout.write(`tidings ${version}: ${files.length} files, command ok\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
