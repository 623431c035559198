import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { maxSecretFileBytes, openTo, readSecretFile } from './secret-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'tidings-secret-'))
afterAll(() => rmSync(folder, { recursive: true }))

it.each([
  ['own, 600', 0o100600, 1000, 1000, null],
  ['own, 400', 0o100400, 1000, 1000, null],
  ['own of root, 600', 0o100600, 0, 0, null],
  ['own, readable by the group', 0o100640, 1000, 1000, 'its mode is 640'],
  ['own, readable by others', 0o100604, 1000, 1000, 'its mode is 604'],
  ['of root, readable by the group, as in a container', 0o100440, 0, 1000, null],
  ['of root, writable by the group', 0o100660, 0, 1000, 'its mode is 660'],
  ['of root, readable by others', 0o100444, 0, 1000, 'its mode is 444'],
  ['of another', 0o100600, 1001, 1000, 'its owner is the user 1001'],
  ['of another, read by root', 0o100600, 1001, 0, 'its owner is the user 1001'],
  ['without users', 0o100666, 0, undefined, null],
])('a file that is %s', (_, mode, owner, user, why) => {
  const found = openTo(mode, owner, user)
  if (why === null) expect(found).toBeNull()
  else expect(found).toContain(why)
})

it.runIf(process.platform === 'linux')('is read, or it is said why not', () => {
  const file = join(folder, 'key')
  expect(readSecretFile(file)).toEqual({ why: 'there is no such file' })
  expect(readSecretFile(folder)).toEqual({ why: 'it is no file' })
  writeFileSync(file, 'secret', { mode: 0o600 })
  expect(readSecretFile(file)).toEqual({ text: 'secret' })
  chmodSync(file, 0o644)
  expect(readSecretFile(file)).toMatchObject({ why: expect.stringContaining('644') as string })
  writeFileSync(file, Buffer.alloc(maxSecretFileBytes + 1))
  expect(readSecretFile(file)).toMatchObject({ why: expect.stringContaining('bytes') as string })
})
