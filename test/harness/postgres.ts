import { execFileSync } from 'node:child_process'
import { appendFileSync, chownSync, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Child } from './child.ts'
import { asUser, here, inside } from './place.ts'
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

/** The name of its one user, who needs no password. */
export const postgresUser = 'test'

/** Where a PostgreSQL can be reached beside the socket in its folder. */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
}

/** A PostgreSQL of its own, reached by a socket in its folder; it goes with the processes of the test. */
export class Postgres {
  readonly #programs = postgresPrograms() ?? ''
  readonly #folder = scratchDirectory()
  readonly #place: Place
  #server: Child | null = null

  private constructor(place: Place) {
    this.#place = user.isNeeded ? inside(place, asUser(user.uid)) : place
  }

  /** `address`: where it listens too; `place`: where it runs. */
  static async start(address?: PostgresAddress, place: Place = here): Promise<Postgres> {
    const postgres = new Postgres(place)
    await postgres.#start(address)
    return postgres
  }

  get pid(): number {
    return this.#server?.pid ?? -1
  }

  /** Ends it as `pg_ctl stop` does: connections are cut, the database is left whole. */
  async end(): Promise<void> {
    await this.#server?.end('SIGINT')
  }

  async #start(address?: PostgresAddress): Promise<void> {
    if (user.isNeeded) chownSync(this.#folder, user.uid, user.uid)
    const data = join(this.#folder, 'data')
    const options = [
      '--auth=trust',
      `--username=${postgresUser}`,
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
    if (address) appendFileSync(join(data, 'pg_hba.conf'), 'host all all samenet trust\n')
    const settings = [
      `listen_addresses=${address?.host ?? ''}`,
      `unix_socket_directories=${this.#folder}`,
      ...(address ? [`port=${address.port}`] : []),
    ].flatMap((setting) => ['-c', setting])
    this.#server = this.#child('postgres', ['-D', data, '-F', ...settings])
    await this.#server.says(/ready to accept connections/)
  }

  /** A connection: statements run one behind the other, each when it is asked for. */
  connect(): Connection {
    const words = ['-h', this.#folder, '-U', postgresUser, '-d', 'postgres', '-qAtX']
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
