import { readFileSync } from 'node:fs'
import { type SecretFile, readSecretFile } from '../../base/secret-file.ts'
import type { Findings } from '../definition.ts'
import { problemFrom } from '../problem.ts'
import type { MqttTls } from '../settings.ts'
import { itemFile } from './item-file.ts'
import { valueOf } from './judged-items.ts'
import type { KnownItemName } from './known-items.ts'
import type { ResolvedItems } from './resolved-items.ts'

const pem = /^-----BEGIN [A-Z ]+-----$/m

/** The files that the items of TLS name, read. What cannot be taken is an error at its item. */
export function mqttTls(
  items: ResolvedItems,
  verify: boolean,
  cwd: string,
  findings: Findings,
): MqttTls {
  const read = (name: KnownItemName, readFile: (file: string) => SecretFile) =>
    textOfFile(items, name, readFile, cwd, findings)
  judgePair(items, findings)
  return {
    verify,
    ca: read('TidingsMqttCaFile', readPublicFile),
    certificate: read('TidingsMqttCertificateFile', readPublicFile),
    key: read('TidingsMqttKeyFile', readSecretFile),
  }
}

/** A certificate proves nothing without its key, nor the key without it. */
function judgePair(items: ResolvedItems, findings: Findings): void {
  const pair = ['TidingsMqttCertificateFile', 'TidingsMqttKeyFile'] as const
  const [first, second] = pair.map((name) => items.get(name.toLowerCase()))
  const alone = first && second ? undefined : (first ?? second)
  if (!alone) return
  const missing = pair.find((name) => name !== alone.name)
  const message = `${alone.name} needs ${missing}, which is not set`
  findings.errors.push(problemFrom(alone.written.valueOrigin, message))
}

function textOfFile(
  items: ResolvedItems,
  name: KnownItemName,
  readFile: (file: string) => SecretFile,
  cwd: string,
  findings: Findings,
): string | null {
  const item = items.get(name.toLowerCase())
  const value = valueOf(item)
  if (!item || typeof value !== 'string') return null
  const place = itemFile(item, value, cwd)
  const found = readFile(place.file)
  const why = 'why' in found ? found.why : pem.test(found.text) ? null : 'it is no PEM'
  if ('text' in found && why === null) return found.text
  const message = `${name} ${place.name} is not taken: ${why}`
  findings.errors.push(problemFrom(item.written.valueOrigin, message))
  return null
}

/** What everybody may read. */
function readPublicFile(file: string): SecretFile {
  try {
    return { text: readFileSync(file, 'utf8') }
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException
    return { why: code === 'ENOENT' ? 'there is no such file' : code }
  }
}
