import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A small change of the sources that takes one rule out. */
export interface Mutant {
  /** The rule's number. */
  readonly rule: string
  /** What the change does, for people. */
  readonly name: string
  /** Below `src/`. */
  readonly file: string
  /** Stands exactly once in the file: so the list of mutants is held to the code. */
  readonly from: string
  readonly to: string
}

/** How a command in a planted copy ended. `code` null: it was ended from outside, by us if `isTimedOut`. */
export interface Outcome {
  readonly code: number | null
  readonly isTimedOut: boolean
  readonly stdout: string
  readonly stderr: string
}

const root = join(import.meta.dirname, '..', '..')

/** What the tests and the simulator need of the repository. */
const copied = ['src', 'test', 'docs', 'bin', 'data', 'package.json', 'vitest.config.ts']

const folders = new Set<string>()
const running = new Set<ChildProcess>()

/** The text of a source file with the mutant in it; throws where its place is not found exactly once. */
export function mutated({ file, from, to }: Omit<Mutant, 'rule' | 'name'>): string {
  const text = readFileSync(join(root, 'src', file), 'utf8')
  const times = text.split(from).length - 1
  if (times !== 1) throw new Error(`src/${file} has it ${times} times, not once: ${from}`)
  if (from === to) throw new Error(`src/${file}: a mutant that changes nothing: ${from}`)
  // Not a pattern: `$&` in the new text would mean something else to replace().
  return text.split(from).join(to)
}

/** Copies the repository to a folder of its own and plants the mutant there; null plants nothing. */
export function plantMutant(mutant: Omit<Mutant, 'rule' | 'name'> | null): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-mutant-'))
  folders.add(folder)
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  if (mutant) writeFileSync(join(folder, 'src', mutant.file), mutated(mutant))
  return folder
}

export function removePlanted(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  folders.delete(folder)
}

/** Runs a script with this Node in a planted copy; what does not end within `withinMs`, if that is given, is ended. */
export async function runPlanted(
  folder: string,
  args: readonly string[],
  withinMs?: number,
): Promise<Outcome> {
  // A group of its own, so that its children end with it.
  const child = spawn(process.execPath, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  let isTimedOut = false
  const timer =
    withinMs === undefined
      ? undefined
      : setTimeout(() => {
          isTimedOut = true
          endGroup(child)
        }, withinMs)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  running.delete(child)
  return { code, isTimedOut, stdout, stderr }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

process.on('exit', () => {
  for (const child of running) endGroup(child)
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
