import fs from 'node:fs'
import path from 'node:path'
import type { Findings } from './definition.ts'
import { problemOf } from './problem.ts'
import { SourceText } from './source-text.ts'

/** Bytes of one definition file. Real ones have some ten thousand; what is larger is another file. */
export const maxDefinitionBytes = 4 * 1024 * 1024

/** The file that is read when nothing is named and it is there. */
export const defaultDefinitionFile = 'genesis-system-definition.kts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a directory',
  ENOTDIR: 'there is no such file',
}

/** The file as a source; null after an error. Its name stays as it was given. */
export function readSource(file: string, cwd: string, findings: Findings): SourceText | null {
  try {
    const resolved = path.resolve(cwd, file)
    const { size } = fs.statSync(resolved)
    if (size > maxDefinitionBytes)
      return refuse(file, `more than ${maxDefinitionBytes} bytes`, findings)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(fs.readFileSync(resolved))
    return new SourceText(file, text)
  } catch (error) {
    if (error instanceof TypeError) return refuse(file, 'it is not UTF-8', findings)
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    return refuse(file, reasons[code] ?? code, findings)
  }
}

export function isDefaultFilePresent(cwd: string): boolean {
  return fs.existsSync(path.resolve(cwd, defaultDefinitionFile))
}

function refuse(file: string, why: string, findings: Findings): null {
  findings.errors.push(problemOf(`cannot be read: ${why}`, file))
  return null
}
