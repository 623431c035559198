import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadSettings } from '../load-settings.ts'
import { formatProblem } from '../problem.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-tls-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const pem = (what: string) => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----\n`

const write = (name: string, text: string) =>
  writeFileSync(join(folder, name), text, { mode: 0o600 })

function load(items: Readonly<Record<string, string>>) {
  const definition = { global: { MqLayer: 'MQTT', ...items } }
  const report = loadSettings({ definition, cwd: folder, env: {}, hostname: 'a' })
  const told = report.errors.map((error) => formatProblem(error).split('\n')[0])
  return { told, tls: report.settings?.mqtt?.tls }
}

it('certificates and the key are read from the files that the definition names', () => {
  write('ca.pem', pem('CERTIFICATE'))
  write('own.pem', pem('CERTIFICATE'))
  write('own.key', pem('PRIVATE KEY'))
  const { told, tls } = load({
    TidingsMqttCaFile: 'ca.pem',
    TidingsMqttCertificateFile: join(folder, 'own.pem'),
    TidingsMqttKeyFile: 'own.key',
  })
  expect(told).toEqual([])
  expect(tls).toEqual({
    verify: true,
    ca: pem('CERTIFICATE'),
    certificate: pem('CERTIFICATE'),
    key: pem('PRIVATE KEY'),
  })
})

it('a file that cannot be taken is an error at its item', () => {
  write('text.pem', 'hello')
  expect(load({ TidingsMqttCaFile: 'text.pem' }).told).toEqual([
    'global.TidingsMqttCaFile: TidingsMqttCaFile text.pem is not taken: it is no PEM',
  ])
  expect(load({ TidingsMqttCaFile: 'none.pem' }).told).toEqual([
    'global.TidingsMqttCaFile: TidingsMqttCaFile none.pem is not taken: there is no such file',
  ])
})

it('a certificate needs its key, and the key its certificate', () => {
  write('own.key', pem('PRIVATE KEY'))
  expect(load({ TidingsMqttKeyFile: 'own.key' }).told).toEqual([
    'global.TidingsMqttKeyFile: TidingsMqttKeyFile needs TidingsMqttCertificateFile, which is not set',
  ])
})

it.runIf(process.platform === 'linux')('a key that others may read is not taken', () => {
  write('own.pem', pem('CERTIFICATE'))
  write('own.key', pem('PRIVATE KEY'))
  chmodSync(join(folder, 'own.key'), 0o644)
  const items = { TidingsMqttCertificateFile: 'own.pem', TidingsMqttKeyFile: 'own.key' }
  expect(load(items).told).toEqual([
    expect.stringMatching(/^global\.TidingsMqttKeyFile: .* its mode is 644, .*chmod 600/),
  ])
})
