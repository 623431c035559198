import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answersAt } from './answers-at.ts'
import { Child } from './child.ts'
import { eventually } from './eventually.ts'
import { freePorts } from './loopback.ts'
import { programPath } from './program-path.ts'
import { scratchDirectory } from './scratch.ts'

interface MosquittoOptions {
  /** What it keeps, and who is connected, is in a file when it ends, however it ends. Default: in memory alone. */
  readonly persists?: boolean
  /** Further lines of its configuration. */
  readonly lines?: readonly string[]
}

/** A real broker of a test, which can be ended and started again at its port. It goes with the processes of the test. */
export class Mosquitto {
  readonly port: number
  readonly #folder: string
  readonly #file: string
  #child: Child | null = null

  private constructor(port: number, options: MosquittoOptions) {
    this.port = port
    this.#folder = scratchDirectory()
    this.#file = join(this.#folder, 'mosquitto.conf')
    this.#configure(options)
  }

  /** Writes its configuration; what stands later counts. */
  #configure({ persists = false, lines = [] }: MosquittoOptions): void {
    const kept = [
      `persistence_location ${this.#folder}/`,
      'autosave_interval 1',
      'autosave_on_changes true',
    ]
    const isForAll = !lines.some((line) => line.startsWith('allow_anonymous'))
    const all = [
      `listener ${this.port} 127.0.0.1`,
      ...(isForAll ? ['allow_anonymous true'] : []),
      // As root it would become another user, who may not write here.
      'user root',
      ...(lines.some((line) => line.startsWith('set_tcp_nodelay')) ? [] : ['set_tcp_nodelay true']),
      `persistence ${persists}`,
      ...(persists ? kept : []),
      ...lines,
    ]
    writeFileSync(this.#file, `${all.join('\n')}\n`)
  }

  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const [port = 0] = await freePorts('127.0.0.1', 1)
    const mosquitto = new Mosquitto(port, options)
    await mosquitto.start()
    return mosquitto
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.port}`
  }

  get log(): string {
    return this.#child?.log ?? ''
  }

  async start(): Promise<void> {
    const program = programPath('mosquitto')
    if (program === null) throw new Error('mosquitto is not installed')
    const child = new Child({
      name: 'mosquitto',
      program,
      arguments: ['-c', this.#file],
      ipc: false,
    })
    this.#child = child
    await eventually(
      () => `mosquitto answers at port ${this.port}, it said:\n${child.log}`,
      async () => {
        if (child.hasEnded) throw new Error(`mosquitto ended:\n${child.log}`)
        return answersAt(this.port)
      },
    )
  }

  /** `SIGKILL`: without a word to anybody, and without saving. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#child?.end(signal)
  }

  /** The same at its port with other lines, as an operator changes its configuration. */
  async restart(options: MosquittoOptions = {}): Promise<void> {
    await this.end()
    this.#configure(options)
    await this.start()
  }
}
