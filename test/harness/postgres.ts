import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Child, childrenOf, signalOther } from './child.ts'
import { eventually } from './eventually.ts'
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

/** The number in the name of the socket: it is no port of this machine. */
const socketNumber = 5432

/**
 * A database in which nothing is yet, made once for all tests of this machine: to copy it takes a moment, to make it
 * some seconds.
 */
function emptyDatabase(programs: string): string {
  const kept = join(
    tmpdir(),
    `tidings-${programs.replaceAll(/[^\w.]+/g, '-')}-${process.getuid?.()}`,
  )
  if (existsSync(kept)) return kept
  const folder = mkdtempSync(`${kept}-`)
  if (user.isNeeded) chownSync(folder, user.uid, user.uid)
  const options = [
    '--auth=trust',
    `--username=${postgresUser}`,
    '--encoding=UTF8',
    '--no-locale',
    '--no-sync',
  ]
  const initdb = [join(programs, 'initdb'), ...options, '-D', join(folder, 'data')]
  const [program, ...words] = [...(user.isNeeded ? asUser(user.uid).before : []), ...initdb]
  execFileSync(program ?? '', words, { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder })
  try {
    // Whole or not at all, also where two tests make it at once.
    renameSync(join(folder, 'data'), kept)
  } catch (error) {
    if (!existsSync(kept)) throw error
  }
  rmSync(folder, { recursive: true, force: true })
  return kept
}

/** A PostgreSQL of its own, reached by a socket in its folder; it goes with the processes of the test. */
export class Postgres {
  readonly #programs = postgresPrograms() ?? ''
  readonly #folder = scratchDirectory()
  readonly #place: Place
  #settings: readonly string[] = []
  #port = socketNumber
  #server: Child | null = null

  private constructor(place: Place) {
    this.#place = user.isNeeded ? inside(place, asUser(user.uid)) : place
  }

  /** `address`: where it listens too; `place`: where it runs; `settings`: as in `wal_level=logical`. */
  static async start(
    address?: PostgresAddress,
    place: Place = here,
    settings: readonly string[] = [],
  ): Promise<Postgres> {
    const postgres = new Postgres(place)
    postgres.#create(address)
    postgres.#settings = [
      `listen_addresses=${address?.host ?? ''}`,
      `port=${address?.port ?? socketNumber}`,
      `unix_socket_directories=${postgres.#folder}`,
      ...settings,
    ]
    postgres.#port = address?.port ?? socketNumber
    await postgres.run()
    return postgres
  }

  get pid(): number {
    return this.#server?.pid ?? -1
  }

  /** Ends it as `pg_ctl stop` does: connections are cut, the database is left whole. */
  async end(): Promise<void> {
    await this.#server?.end('SIGINT')
  }

  /** Kills it and all of its processes, as a crash does, and starts it again on what it had written. */
  async crash(): Promise<void> {
    const backends = childrenOf(this.pid)
    // It first: it would begin anew by itself.
    await this.#server?.end('SIGKILL')
    for (const pid of backends) signalOther(pid, 'SIGKILL')
    await eventually('its processes have let go of their memory', () => !backends.some(isRunning))
    await this.run()
  }

  /** For clients of the test's own process and of its children: by the socket. */
  get config(): { host: string; port: number; user: string; database: string } {
    return { host: this.#folder, port: this.#port, user: postgresUser, database: 'postgres' }
  }

  /** The same as one text. */
  get url(): string {
    const { host, port, user, database } = this.config
    return `postgresql:///${database}?${new URLSearchParams({ host, port: `${port}`, user }).toString()}`
  }

  /** Starts it on what it had written, when it has ended. */
  async run(): Promise<void> {
    const settings = this.#settings.flatMap((setting) => ['-c', setting])
    this.#server = this.#child('postgres', ['-D', join(this.#folder, 'data'), '-F', ...settings])
    await this.#server.says(/ready to accept connections/)
  }

  #create(address?: PostgresAddress): void {
    if (user.isNeeded) chownSync(this.#folder, user.uid, user.uid)
    const data = join(this.#folder, 'data')
    // With its owner.
    execFileSync('cp', ['-a', emptyDatabase(this.#programs), data])
    if (address) appendFileSync(join(data, 'pg_hba.conf'), 'host all all samenet trust\n')
  }

  /** A connection: statements run one behind the other, each when it is asked for. */
  connect(): Connection {
    const words = [
      '-h',
      this.#folder,
      '-p',
      `${this.#port}`,
      '-U',
      postgresUser,
      '-d',
      'postgres',
      '-qAtX',
    ]
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

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
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
