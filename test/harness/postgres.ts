import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Child } from './child.ts'
import { asUser, here } from './place.ts'
import type { Place } from './place.ts'
import { scratchDirectory } from './scratch.ts'

/** Debian and Ubuntu keep the programs of each version here, and not on the path. */
const versions = '/usr/lib/postgresql'

/** PostgreSQL refuses to run as root: then it is another user, which needs no entry in /etc/passwd. */
const user = { uid: 65_534, isNeeded: process.getuid?.() === 0 }

/** The folder with `initdb`, `postgres` and `psql`; null where there is none. */
export function postgresPrograms(): string | null {
  const ofDebian = existsSync(versions)
    ? readdirSync(versions).map((version) => join(versions, version, 'bin'))
    : []
  const folders = [...ofDebian, ...(process.env['PATH'] ?? '').split(delimiter)]
  const isWhole = (folder: string): boolean =>
    ['initdb', 'postgres', 'psql'].every((program) => existsSync(join(folder, program)))
  return folders.find(isWhole) ?? null
}

/** A PostgreSQL of its own, reached by a socket in its folder; it goes with the processes of the test. */
export class Postgres {
  readonly #programs = postgresPrograms() ?? ''
  readonly #folder = scratchDirectory()
  readonly #place: Place = user.isNeeded ? asUser(user.uid) : here

  static async start(): Promise<Postgres> {
    const postgres = new Postgres()
    await postgres.#start()
    return postgres
  }

  async #start(): Promise<void> {
    if (user.isNeeded) chownSync(this.#folder, user.uid, user.uid)
    const data = join(this.#folder, 'data')
    const options = [
      '--auth=trust',
      '--username=test',
      '--encoding=UTF8',
      '--no-locale',
      '--no-sync',
    ]
    const initdb = [join(this.#programs, 'initdb'), ...options, '-D', data]
    const [program, ...words] = [...this.#place.before, ...initdb]
    execFileSync(program ?? '', words, {
      stdio: ['ignore', 'ignore', 'inherit'],
      cwd: this.#folder,
    })
    const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${this.#folder}`]
    const server = this.#child('postgres', ['-D', data, '-F', ...settings])
    await server.says(/ready to accept connections/)
  }

  /** A connection: statements run one behind the other, each when it is asked for. */
  connect(): Connection {
    const words = ['-h', this.#folder, '-U', 'test', '-d', 'postgres', '-qAtX']
    return new Connection(this.#child('psql', [...words, '-v', 'ON_ERROR_STOP=1']))
  }

  #child(program: string, words: readonly string[]): Child {
    return new Child({
      name: program,
      program: join(this.#programs, program),
      arguments: words,
      cwd: this.#folder,
      place: this.#place,
      ipc: false,
    })
  }
}

/** Behind the rows of each answer. */
const end = '-- that was all'

export class Connection {
  readonly #psql: Child
  readonly #lines: AsyncIterator<string>

  constructor(psql: Child) {
    this.#psql = psql
    const lines = createInterface({ input: psql.process.stdout as NodeJS.ReadableStream })
    this.#lines = lines[Symbol.asyncIterator]()
  }

  /** The rows of the answer, columns parted by `|`; throws what PostgreSQL says of a mistake. */
  async query(sql: string): Promise<string[]> {
    this.#psql.process.stdin?.write(`${sql};\n\\echo ${end}\n`)
    const rows: string[] = []
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error((await this.#psql.ended, this.#psql.log))
      if (value === end) return rows
      rows.push(value)
    }
  }
}
