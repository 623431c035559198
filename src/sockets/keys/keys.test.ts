import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeKeyFile } from '../../../test/harness/key-file.ts'
import { decodeZ85 } from '../../base/z85.ts'
import { type KeyPair, newKeyPair } from '../../model/key-pair.ts'
import { Keys } from './keys.ts'

const [before, after] = [newKeyPair(), newKeyPair()]
let folder = ''
let file = ''
let keys: Keys
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-keys-'))
  file = join(folder, 'tidings.key')
  writeKeyFile(file, [before])
  keys = new Keys({ file, ring: [before] })
  expect(await keys.refresh()).toBeNull()
})
afterEach(() => rmSync(folder, { recursive: true }))

const accepted = () =>
  [before, after].map((pair: KeyPair) => keys.accepts(decodeZ85(pair.public) ?? Buffer.alloc(0)))

it('Z7: a key that comes into the file is accepted, and who is connected by another one stays', async () => {
  expect(accepted()).toEqual([true, false])
  writeKeyFile(file, [after, before])
  const news = await keys.refresh()
  expect(news).toMatchObject({ isTaken: true })
  expect(news?.message).toContain(`its public keys: ${after.public} ${before.public}; until`)
  expect(accepted()).toEqual([true, true])
  expect(keys.ring).toEqual([after, before])
  expect(await keys.refresh()).toBeNull()
})

it('Z7: the ports keep the key that they were bound with, and who has it is let in as long', async () => {
  writeKeyFile(file, [after])
  expect((await keys.refresh())?.message).toMatch(
    /its ports have .*, which is in the file no more$/,
  )
  expect(keys.own).toEqual(before)
  expect(accepted()).toEqual([true, true])
})

it('Z7: who has a key at its ports that is taken out says so, also where it was the last of the file', async () => {
  writeKeyFile(file, [after, before])
  await keys.refresh()
  writeKeyFile(file, [after])
  expect((await keys.refresh())?.message).toBe(
    `the key file was read again, its public keys: ${after.public}; until this process is started again its ports have ${before.public}, which is in the file no more`,
  )
  expect(keys.ring).toEqual([after, before])
  expect(await keys.refresh()).toBeNull()
})

it('Z7: a file that cannot be taken changes nothing, and is told once, by line and column', async () => {
  writeKeyFile(file, [after, { secret: before.secret, public: after.public }])
  expect(await keys.refresh()).toEqual({
    isTaken: false,
    message: `the key file is not taken, the keys stay as they are: ${file}:5:8: it is not the public key of the secret before it`,
  })
  expect(accepted()).toEqual([true, false])
  expect(await keys.refresh()).toBeNull()
  rmSync(file)
  expect((await keys.refresh())?.message).toContain(`${file}: there is no such file`)
  writeKeyFile(file, [before])
  expect(await keys.refresh()).toBeNull()
})

it.runIf(process.platform === 'linux')(
  'Z7: a file that others may read from now on is not taken',
  async () => {
    writeKeyFile(file, [before, after])
    chmodSync(file, 0o644)
    expect(await keys.refresh()).toMatchObject({ isTaken: false })
    expect(accepted()).toEqual([true, false])
    chmodSync(file, 0o600)
    expect(await keys.refresh()).toMatchObject({ isTaken: true })
    expect(accepted()).toEqual([true, true])
  },
)

it('what is no key at all is not accepted', () => {
  for (const length of [0, 1, 31, 32, 33, 64])
    expect(keys.accepts(Buffer.alloc(length))).toBe(false)
})
