/**
 * Another user of the host: tries to read files, and comes to ports with no key and with keys of its own.
 * Prints each file that it could read, and of each visit how it ended and what was heard.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { newKeyPair } from '../../../src/model/key-pair.ts'
import { runCleanUps } from '../../harness/clean-up.ts'
import { eventually } from '../../harness/eventually.ts'
import { client, Outsider, outsiderTypes } from '../outsider.ts'
import type { OutsiderType } from '../outsider.ts'

const { files, ports, publicKey } = JSON.parse(process.argv[2] ?? '{}') as {
  /** Also folders: all that is in them. */
  readonly files: readonly string[]
  readonly ports: readonly string[]
  /** Of the cluster: who reads its log knows it. */
  readonly publicKey: string
}

function read(path: string): void {
  try {
    if (!statSync(path).isDirectory()) console.log(`read ${path}: ${readFileSync(path).length} B`)
    else for (const name of readdirSync(path)) read(join(path, name))
  } catch (error) {
    console.log(`not read ${path}: ${(error as NodeJS.ErrnoException).code}`)
  }
}

async function visit(port: string, type: OutsiderType, options: object): Promise<void> {
  const outsider = new Outsider(port, type, options)
  await eventually(`a verdict at ${port}`, () => outsider.isRefused || outsider.isIn)
  for (const text of ['\x01', '\x01update/', '\x02request']) outsider.say(text)
  console.log(`${outsider.isIn ? 'in' : 'refused'} ${port}: ${outsider.heard.length} heard`)
}

for (const file of files) read(file)
const keys = [{}, client(publicKey, newKeyPair())]
await Promise.all(
  ports.flatMap((port) =>
    keys.flatMap((options) =>
      Object.keys(outsiderTypes).map((type) => visit(port, type as OutsiderType, options)),
    ),
  ),
)
runCleanUps()
console.log('done')
