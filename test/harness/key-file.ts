import { renameSync, writeFileSync } from 'node:fs'
import { keyFileText } from '../../src/model/key-file-text.ts'
import type { KeyPair } from '../../src/model/key-pair.ts'

/** Writes a key file as an operator is told to: another file beside it takes its place in one step. */
export function writeKeyFile(file: string, pairs: readonly KeyPair[]): void {
  writeFileSync(`${file}.new`, keyFileText(pairs), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Whether a log, or the message of an event, tells that the file was read with just these keys. */
export function tellsKeys(text: string, pairs: readonly KeyPair[]): boolean {
  const told = `its public keys: ${pairs.map((pair) => pair.public).join(' ')}`
  return text.split('\n').some((line) => line.endsWith(told) || line.includes(`${told};`))
}
