import { afterEach, expect, it } from 'vitest'
import { decodeZ85 } from '../base/z85.ts'
import { newKeyPair } from '../model/key-pair.ts'
import { AccessList } from './access-list.ts'
import { Keys } from './keys/keys.ts'

const [ours, theirs] = [newKeyPair(), newKeyPair()]
const bytesOf = (key: string): Buffer => decodeZ85(key) ?? Buffer.alloc(0)
const [ourKey, theirKey] = [bytesOf(ours.public), bytesOf(theirs.public)]

let list: AccessList | undefined
let denials: string[] = []
afterEach(() => list?.close())

async function listWith(keys: Keys | null): Promise<void> {
  denials = []
  list = await AccessList.open((address, why) => denials.push(`${address} ${why}`), keys)
  list.load(['10.0.0.1'])
}

const isLetIn = (address: string, publicKey: Buffer | null) =>
  new Promise((resolve) => list?.ask({ address, publicKey }, resolve))

it('Z7: with keys nobody is let in without one, wherever it comes from', async () => {
  await listWith(new Keys({ file: '/nowhere', ring: [ours] }))
  expect(await isLetIn('10.0.0.1', ourKey)).toBe(true)
  expect(await isLetIn('10.0.0.1', null)).toBe(false)
  expect(await isLetIn('10.0.0.1', theirKey)).toBe(false)
  expect(await isLetIn('10.0.0.1', Buffer.alloc(0))).toBe(false)
  expect(denials).toEqual(['10.0.0.1 key', '10.0.0.1 key', '10.0.0.1 key'])
})

it('Z7: a key does not let in from an address that is not listed', async () => {
  await listWith(new Keys({ file: '/nowhere', ring: [ours] }))
  expect(await isLetIn('10.0.0.2', ourKey)).toBe(false)
  expect(denials).toEqual(['10.0.0.2 address'])
})

it('without keys the address decides, and who has one is in the wrong cluster', async () => {
  await listWith(null)
  expect(await isLetIn('10.0.0.1', null)).toBe(true)
  expect(await isLetIn('10.0.0.1', ourKey)).toBe(false)
})
