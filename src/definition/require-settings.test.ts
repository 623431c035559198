import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requireSettings } from './require-settings.ts'

let folder = ''
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'definition-'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

const here = { env: {}, hostname: 'vm', localAddresses: ['10.1.2.3'] } as const

function write(name: string, text: string): string {
  const file = path.join(folder, name)
  fs.writeFileSync(file, text)
  return file
}

const definition = (global: string) => `systemDefinition {\nglobal {\n${global}\n}\n}`

test('gives the settings', async () => {
  const { node } = await requireSettings({ ...here, cwd: folder })
  expect(node.name).toBe('vm')
})

test('reads service definitions where they are named', async () => {
  const services = write('a.xml', '<configuration><service name="A" port="7001"/></configuration>')
  const named = await requireSettings({ ...here, cwd: folder, services })
  const found = await requireSettings({ ...here, env: { TIDINGS_SERVICES: services }, cwd: folder })
  expect(named.services).toMatchObject([{ process: 'A', port: 7001 }])
  expect(found.services).toEqual(named.services)
})

test('throws all errors in one', async () => {
  const items = 'item("ClusterPort", 0)\nitem("TidingsRelayPort", "x")'
  const file = write('bad.kts', definition(items))
  await expect(requireSettings({ ...here, definition: file })).rejects.toMatchObject({
    name: 'TidingsError',
    message: expect.stringMatching(
      /bad\.kts:3:21: ClusterPort[^]*bad\.kts:4:26: TidingsRelayPort[^]*\[DEFINITION_INVALID\]$/,
    ) as string,
  })
})

test.each([
  ['missing.kts', 'missing.kts: cannot be read: there is no such file [DEFINITION_INVALID]'],
  ['.', '.: cannot be read: it is a directory [DEFINITION_INVALID]'],
])('a file that cannot be read: %s', async (file, message) => {
  const attempt = requireSettings({ ...here, cwd: folder, definition: file })
  await expect(attempt).rejects.toThrow(message)
})
