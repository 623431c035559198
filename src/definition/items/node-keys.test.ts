import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keyFileText } from '../../model/key-file-text.ts'
import { newKeyPair } from '../../model/key-pair.ts'
import { loadSettings } from '../load-settings.ts'
import { formatProblem } from '../problem.ts'

const pair = newKeyPair()
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-keys-'))
  mkdirSync(join(folder, 'conf'))
  write('tidings.key', keyFileText([pair]))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string) =>
  writeFileSync(join(folder, 'conf', name), text, { mode: 0o600 })

function load(global: string, hosts = '') {
  const ports = 'item("ZeroMQProxyInboundPort", 5001); item("ZeroMQProxyOutboundPort", 5000)\n'
  write('def.kts', `systemDefinition { global { ${ports}${global} }\n systems { ${hosts} } }`)
  const report = loadSettings({
    definition: 'conf/def.kts',
    cwd: folder,
    env: {},
    hostname: 'a',
    localAddresses: ['10.1.2.3'],
  })
  return { ...report, told: report.errors.map(formatProblem) }
}

const item = 'item("TidingsKeyFile", "tidings.key")'

it('a key file is read beside the definition that names it, and its path is no secret', () => {
  const { told, settings, items } = load(item)
  expect(told).toEqual([])
  expect(settings?.keys).toEqual({ file: join(folder, 'conf', 'tidings.key'), ring: [pair] })
  expect(items.find(({ name }) => name === 'TidingsKeyFile')?.value).toBe('tidings.key')
})

it('without the item there are no keys', () => {
  expect(load('').settings).not.toHaveProperty('keys')
})

it('an absolute path, and one of an object, are taken from where they say', () => {
  const file = join(folder, 'conf', 'tidings.key')
  expect(load(`item("TidingsKeyFile", "${file}")`).settings?.keys?.file).toBe(file)
  const { settings } = loadSettings({
    definition: {
      global: {
        ZeroMQProxyInboundPort: 5001,
        ZeroMQProxyOutboundPort: 5000,
        TidingsKeyFile: 'conf/tidings.key',
      },
    },
    cwd: folder,
    env: {},
  })
  expect(settings?.keys?.file).toBe(file)
})

it.runIf(process.platform === 'linux')('a file that others may read is refused at its item', () => {
  chmodSync(join(folder, 'conf', 'tidings.key'), 0o640)
  const { told, settings } = load(item)
  expect(settings).toBeNull()
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(
    /^conf\/def\.kts:2:24: TidingsKeyFile conf\/tidings\.key is not taken: its mode is 640/,
  )
})

it('a file that is not there is refused at its item', () => {
  expect(load('item("TidingsKeyFile", "other.key")').told[0]).toMatch(
    /^conf\/def\.kts:2:24: TidingsKeyFile conf\/other\.key is not taken: there is no such file/,
  )
})

it('bad input is told by file, line and column, and shows nothing of a key', () => {
  write('tidings.key', `# ours\nsecret ${pair.secret}\npublic ${newKeyPair().public}\n`)
  const { told } = load(item)
  expect(told).toEqual(['conf/tidings.key:3:8: it is not the public key of the secret before it'])
})

it('keys are on all hosts or on none', () => {
  const hosts = (here: string) => `system("S") { hosts { host("a") { ${here} }\n host("b") } }`
  expect(load('', hosts(item)).told[0]).toContain(
    'TidingsKeyFile must be set on all hosts or on none: b would have no key',
  )
  const relay = 'item("ZeroMQProxyUnicastRelayEnabled", true)'
  expect(load(`${item}\n${relay}`, hosts(item)).told).toEqual([])
})

it('with keys nodes are linked by multicast or by relay', () => {
  const hosts = 'system("S") { hosts { host("a"); host("b") } }'
  const { told, settings } = load(item, hosts)
  expect(told).toEqual([])
  expect(settings).toMatchObject({ link: 'multicast', keys: { ring: [pair] } })
  const relay = 'item("ZeroMQProxyUnicastRelayEnabled", true)'
  expect(load(`${item}\n${relay}`, hosts).settings).toMatchObject({ link: 'relay' })
})
