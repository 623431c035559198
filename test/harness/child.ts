import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { removeScratch } from './scratch.ts'

/** Output kept of each child, characters: what is shown when a test fails. */
const maxLogLength = 20_000

/** Compiled once for all processes of all runs: most of what the start of a process costs. */
const compileCache = join(tmpdir(), 'tidings-compile-cache')

export const repository = join(import.meta.dirname, '..', '..')

export interface ChildOptions {
  /** How logs name it. */
  readonly name: string
  /** Default: this Node. */
  readonly program?: string
  /** The script first. */
  readonly arguments: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** A channel to talk through; the child sees its end when this process is gone. */
  readonly ipc: boolean
  /** Standard output is kept whole for the caller, not only its end for the logs. */
  readonly keepsOutput?: boolean
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const running = new Set<Child>()
const started = new Set<Child>()

/** A process of a test. None outlives its test: see `endChildren()`. */
export class Child {
  readonly name: string
  readonly process: ChildProcess
  readonly ended: Promise<Ending>
  readonly #output: string[] = []
  readonly #keepsOutput: boolean
  #log = ''
  #ending: Ending | null = null

  constructor(options: ChildOptions) {
    const { name, ipc, keepsOutput = false } = options
    this.name = name
    this.#keepsOutput = keepsOutput
    this.process = spawn(options.program ?? process.execPath, options.arguments, {
      cwd: options.cwd ?? repository,
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
      serialization: 'advanced',
    })
    running.add(this)
    started.add(this)
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text, true))
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#take(text, false))
    // A child that ends before it has read everything is judged by its exit code.
    this.process.stdin?.on('error', () => undefined)
    this.ended = this.#watch()
  }

  get pid(): number {
    return this.process.pid ?? -1
  }

  get hasEnded(): boolean {
    return this.#ending !== null
  }

  /** The end of what it has written to both streams. */
  get log(): string {
    return this.#log
  }

  /** How it ended, for people. */
  get state(): string {
    if (!this.#ending) return 'running'
    return `ended by ${this.#ending.signal ?? `exit code ${this.#ending.code}`}`
  }

  /** All of its standard output, with `keepsOutput`. */
  get output(): string {
    return this.#output.join('')
  }

  /** Waits until it has written a text that matches. */
  async says(pattern: RegExp, withinMs = 20_000): Promise<void> {
    const holds = () => {
      if (pattern.test(this.#log)) return true
      if (this.#ending) throw new Error(`${this.name} ended without ${pattern}:\n${this.#log}`)
      return false
    }
    await eventually(() => `${this.name} says ${pattern}, it said:\n${this.#log}`, holds, withinMs)
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#ending) this.process.kill(signal)
  }

  async end(signal: NodeJS.Signals): Promise<Ending> {
    this.signal(signal)
    return this.ended
  }

  async #watch(): Promise<Ending> {
    const [code, signal] = (await once(this.process, 'close')) as [number | null, NodeJS.Signals]
    running.delete(this)
    this.#ending = { code, signal }
    return this.#ending
  }

  #take(text: string, isOutput: boolean): void {
    if (isOutput && this.#keepsOutput) this.#output.push(text)
    else this.#log = (this.#log + text).slice(-maxLogLength)
  }
}

/** The definition of whoever runs the tests is none of theirs. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TIDINGS_|NODE_|VITEST)/.test(name),
  )
  return { ...Object.fromEntries(kept), NODE_COMPILE_CACHE: compileCache }
}

/** Ends every child that still runs, each by its own pid, and removes what they wrote; call it after each test. */
export async function endChildren(): Promise<void> {
  const children = [...running]
  for (const child of children) child.signal('SIGKILL')
  await Promise.all(children.map((child) => child.ended))
  started.clear()
  removeScratch()
}

/** What the children of this test have said, for a test that failed. */
export function childrenLogs(): string {
  return [...started]
    .map(({ name, pid, state, log }) => `--- ${name} (pid ${pid}, ${state})\n${log}`)
    .join('\n')
}

process.on('exit', () => {
  for (const child of running) child.signal('SIGKILL')
})
