import { openSync, writeSync } from 'node:fs'

/** Gathered before it is written, characters. */
const gatherLength = 64 * 1024

/**
 * The journal file of a process. What is written survives SIGKILL at once (the system has it); what
 * is only noted is written with the next write, or by `flush()`.
 */
export class JournalWriter {
  readonly #file: number
  #gathered = ''

  constructor(path: string) {
    this.#file = openSync(path, 'ax')
  }

  note(line: string): void {
    this.#gathered += `${line}\n`
    if (this.#gathered.length > gatherLength) this.flush()
  }

  write(line: string): void {
    this.note(line)
    this.flush()
  }

  flush(): void {
    if (this.#gathered === '') return
    writeSync(this.#file, this.#gathered)
    this.#gathered = ''
  }
}
