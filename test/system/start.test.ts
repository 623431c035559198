import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Product } from '../harness/product.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

/** Opens, says which of Node's modules and which files were loaded by then, and goes on. */
const opener = `import { openUpdateQueue } from 'tidings'
await openUpdateQueue(JSON.parse(process.argv[2]))
const loaded = process.moduleLoadList.map((name) => name.replace('NativeModule ', ''))
const { createRequire } = process.getBuiltinModule('node:module')
const files = Object.keys(createRequire(import.meta.url).cache)
console.log('loaded ' + JSON.stringify([...loaded, ...files]))`

async function loadedToOpen(product: Product, options: object): Promise<string[]> {
  const cluster = await TestCluster.start('proxy', 1, { product })
  const file = product.write('opener.mjs', opener)
  const [line] = await cluster.program([file, JSON.stringify(options)]).prints(/^loaded .*/)
  return JSON.parse(line.slice('loaded '.length)) as string[]
}

describe('what many processes that open at once have to load', () => {
  test('is nothing that only few of them need', async () => {
    const loaded = await loadedToOpen(new Product(), { process: 'A' })
    // The list is that of this process: what every queue over ZeroMQ takes is in it.
    expect(loaded).toEqual(expect.arrayContaining(['zlib', expect.stringMatching(/zeromq/)]))
    const seldom = ['crypto', 'child_process', 'dns/promises', 'fs/promises']
    expect(loaded.filter((name) => seldom.includes(name))).toEqual([])
    expect(loaded.filter((name) => name.includes('saxes'))).toEqual([])
    // An import of node:util or node:fs by name would have brought them.
    const behindGetters = ['internal/util/parse_args/parse_args', 'internal/fs/streams']
    expect(loaded.filter((name) => behindGetters.includes(name))).toEqual([])
  })

  test('has the XML reader where service definitions are named', async () => {
    const product = new Product()
    const xml = '<configuration><service name="A" port="7001"/></configuration>'
    const services = product.write('a-service-definitions.xml', xml)
    const loaded = await loadedToOpen(product, { process: 'A', services })
    expect(loaded.filter((name) => name.includes('saxes'))).not.toEqual([])
  })
})

test('the package is read at one byte a character, and takes modules of Node without their facades', () => {
  const dist = join(new Product().folder, 'node_modules', 'tidings', 'dist')
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  const scripts = files.filter((name) => name.endsWith('.js'))
  expect(scripts).toContain('index.js')
  for (const name of scripts) {
    const text = readFileSync(join(dist, name), 'utf8')
    expect(text.match(/[^\0-\x7F]/g), name).toBeNull()
    expect(text.match(/^import .*"node:.*/gm), name).toBeNull()
  }
})
