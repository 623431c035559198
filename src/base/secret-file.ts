import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

/** The text of a file that holds a secret; or why it is not read. */
export type SecretFile = { readonly text: string } | { readonly why: string }

/** Bytes of one at most. */
export const maxSecretFileBytes = 64 * 1024

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
}

/** What others may do, and what a group may write. */
const ofOthers = 0o007
const ofGroup = 0o070
const writableByGroup = 0o020

const root = 0

/**
 * Reads a file that only its owner may read. Its owner is the user of this process, or root; to root's the group may
 * have access to read, which is how secrets are handed into containers. Windows has no such modes: there it is not asked.
 */
export function readSecretFile(path: string): SecretFile {
  try {
    // Of a pipe that nobody writes to, opening would wait.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const status = fstatSync(file)
      const { mode, uid, size } = status
      if (!status.isFile()) return { why: 'it is no file' }
      if (size > maxSecretFileBytes) return { why: `it has more than ${maxSecretFileBytes} bytes` }
      const why = openTo(mode, uid, process.getuid?.())
      return why === null ? { text: readFileSync(file, 'utf8') } : { why }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException
    return { why: reasons[code] ?? code }
  }
}

/** Why it is no secret; null: it is one, or there are no users here. */
export function openTo(mode: number, owner: number, user: number | undefined): string | null {
  if (user === undefined) return null
  if (owner !== user && owner !== root)
    return `its owner is the user ${owner}, and this process runs as ${user}: \`chown\` it`
  const others = owner === user ? ofGroup | ofOthers : writableByGroup | ofOthers
  if ((mode & others) === 0) return null
  const shown = (mode & 0o777).toString(8).padStart(3, '0')
  return `its mode is ${shown}, so that others have access to it: \`chmod 600\` it`
}
