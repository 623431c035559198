import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCleanUps } from './clean-up.ts'
import { eventually, patienceMs } from './eventually.ts'
import { here } from './place.ts'
import type { Place } from './place.ts'

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
  /** Where it runs; default: this machine as it is. */
  readonly place?: Place
  /** A channel to talk through; the child sees its end when this process is gone. */
  readonly ipc: boolean
  /** Standard output is kept whole for the caller, not only its end for the logs. */
  readonly keepsOutput?: boolean
}

/** Of a process in a container that was ended by a signal: exit code 1 or the signal, as `unshare` takes it. */
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
  readonly #containers: number
  #log = ''
  #ending: Ending | null = null

  constructor(options: ChildOptions) {
    const { name, ipc, keepsOutput = false, place = here } = options
    this.name = name
    this.#keepsOutput = keepsOutput
    this.#containers = place.containers
    const line = [...place.before, options.program ?? process.execPath, ...options.arguments]
    this.process = spawn(line[0] ?? '', line.slice(1), {
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

  /** Of the process itself, as this machine counts: in a container it is another one than `process.pid`. */
  get pid(): number {
    let pid = this.process.pid ?? -1
    for (let depth = 0; depth < this.#containers; depth++) pid = onlyChild(pid)
    return pid
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

  /** The whole lines of its standard output, with `keepsOutput`. */
  get lines(): string[] {
    return this.output.split('\n').slice(0, -1)
  }

  /** Waits until it has printed a line that matches, and says how it does; with `keepsOutput`. */
  async prints(pattern: RegExp, withinMs = patienceMs): Promise<RegExpExecArray> {
    const look = () => this.lines.map((line) => pattern.exec(line)).find((match) => match !== null)
    const what = () => `${this.name} prints ${pattern}:\n${this.output}\n${this.#log}`
    await this.until(what, () => look() !== undefined, withinMs)
    return look() as RegExpExecArray
  }

  /** Waits for something that this process brings about; throws at once when it ends without. */
  async until(what: string | (() => string), holds: () => boolean, withinMs = patienceMs) {
    const hasCome = () => {
      // Asked before: what it said last counts, and `ended` comes when all of it is here.
      const hasEnded = this.#ending !== null
      if (holds()) return true
      if (hasEnded) throw new Error(`${this.state}: ${typeof what === 'string' ? what : what()}`)
      return false
    }
    await eventually(what, hasCome, withinMs)
  }

  /** Waits until it has written a text that matches. */
  async says(pattern: RegExp, withinMs = patienceMs): Promise<void> {
    const what = () => `${this.name} says ${pattern}, it said:\n${this.#log}`
    await this.until(what, () => pattern.test(this.#log), withinMs)
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#ending) return
    const { pid } = this
    // A container that has no process yet goes with the one that makes it.
    if (pid === this.process.pid || (pid < 0 && signal === 'SIGKILL')) this.process.kill(signal)
    else if (pid > 0) signalOther(pid, signal)
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

/** The child of a process that has just one; -1 while it has none. */
const onlyChild = (pid: number): number => childrenOf(pid)[0] ?? -1

/** The processes that one has started and that have not ended; of a process that is gone none. */
export function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return children.trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Also where it has ended just now. */
export function signalOther(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended just now.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The definition of whoever runs the tests is none of theirs. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TIDINGS_|NODE_|VITEST)/.test(name),
  )
  return { ...Object.fromEntries(kept), NODE_COMPILE_CACHE: compileCache }
}

/** Ends every child that still runs, each by its own pid, and tidies up behind them; call it after each test. */
export async function endChildren(): Promise<void> {
  const children = [...running]
  for (const child of children) child.signal('SIGKILL')
  await Promise.all(children.map((child) => child.ended))
  started.clear()
  runCleanUps()
}

/** What the children of this test have said, for a test that failed. */
export function childrenLogs(): string {
  return [...started]
    .map(({ name, pid, state, log }) => `--- ${name} (pid ${pid}, ${state})\n${log}`)
    .join('\n')
}

process.on('exit', () => {
  for (const child of running) child.signal('SIGKILL')
  runCleanUps()
})
