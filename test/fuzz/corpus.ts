import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Input } from './target.ts'

const folder = join(import.meta.dirname, 'corpus')

/** An input that once showed something, and why it is kept. */
export interface Kept {
  readonly name: string
  readonly why: string
  readonly input: Input
}

/**
 * A file of the corpus: lines that begin with `#` say why it is kept, each other line is one frame in
 * hexadecimal; `-` is an empty one.
 */
export function parseKept(name: string, text: string): Kept {
  const lines = text.split('\n').filter((line) => line !== '')
  const why = lines.filter((line) => line.startsWith('#')).map((line) => line.slice(1).trim())
  const frames = lines.filter((line) => !line.startsWith('#'))
  const input = frames.map((line) => Buffer.from(line === '-' ? '' : line, 'hex'))
  return { name, why: why.join(' '), input }
}

export function readCorpus(target: string): Kept[] {
  const place = join(folder, target)
  let names: string[]
  try {
    names = readdirSync(place).toSorted()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names.map((name) => parseKept(name, readFileSync(join(place, name), 'utf8')))
}

/** The targets of which something is kept. */
export const keptTargets = (): string[] => readdirSync(folder).toSorted()

/** Returns the file. */
export function keep(target: string, why: string, input: Input): string {
  const place = join(folder, target)
  mkdirSync(place, { recursive: true })
  const frames = input.map((frame) => (frame.length === 0 ? '-' : frame.toString('hex')))
  const hash = createHash('sha256').update(frames.join('\n')).digest('hex').slice(0, 8)
  const file = join(place, `${hash}.hex`)
  writeFileSync(file, `# ${why.replaceAll(/\s+/g, ' ')}\n${frames.join('\n')}\n`)
  return file
}
