import { writeFileSync } from 'node:fs'
import { TidingsError } from '../base/tidings-error.ts'
import { keyFileText } from '../model/key-file-text.ts'
import { newKeyPair } from '../model/key-pair.ts'
import { exitCode } from './exit-code.ts'
import { say } from './terminal.ts'

const defaultFile = 'tidings.key'

/** Read and written by its owner alone. */
const ownerOnly = 0o600

interface KeygenOptions {
  readonly out?: string
}

/** `tidings keygen`: a new key in a new file; its public key goes to stdout. */
export function keygen({ out = defaultFile }: KeygenOptions): number {
  const pair = newKeyPair()
  try {
    // A key that is in use must not be lost: an existing file stays as it is.
    writeFileSync(out, keyFileText([pair]), { mode: ownerOnly, flag: 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'it is there already, and it is not overwritten' : message
    throw new TidingsError('USAGE', `${out} cannot be written: ${why}`, { cause: error })
  }
  process.stdout.write(`${pair.public}\n`)
  say(`${out} has a new key; its public key is on stdout`)
  return exitCode.done
}
