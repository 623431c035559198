import { loadSettings } from '../definition/load-settings.ts'
import type { SettingsReport } from '../definition/settings-report.ts'
import { orderedProblems } from '../definition/problem.ts'
import type { Problem } from '../definition/problem.ts'
import type { LookUp } from '../sockets/host-lookup.ts'
import { formatReport } from './check-report.ts'
import { exitCode } from './exit-code.ts'
import { hostWarnings, lookUpInTime } from './host-warnings.ts'

export interface CheckOptions {
  /** System definitions, instead of `definition`; a name that ends in .xml is service definitions. */
  readonly files: readonly string[]
  readonly definition?: string | readonly string[]
  readonly services?: string | readonly string[]
  readonly system?: string
  readonly host?: string
  readonly json: boolean
  /** Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: process.cwd(). */
  readonly cwd?: string
  /** Default: the hosts file and the name service, for at most 3 s. */
  readonly lookUp?: LookUp
}

/**
 * `tidings check`: every item that counts on this node and what the definition means for it, with
 * the hosts whose names do not resolve; needs no cluster. The report goes to `out`, the verdict to `err`.
 * @returns the exit code: 0, or 1 with errors.
 */
export async function runCheck(
  options: CheckOptions,
  out: NodeJS.WritableStream,
  err: NodeJS.WritableStream,
): Promise<number> {
  const report = await reportFor(options)
  if (options.json) out.write(`${JSON.stringify(jsonReport(report))}\n`)
  else {
    out.write(formatReport(report, out))
    err.write(`${verdict(report)}\n`)
  }
  return report.errors.length === 0 ? exitCode.done : exitCode.no
}

async function reportFor(options: CheckOptions): Promise<SettingsReport> {
  const isServices = (file: string) => /\.xml$/i.test(file)
  const definitions = options.files.filter((file) => !isServices(file))
  const services = options.files.filter(isServices)
  const { system, host, env, cwd, lookUp = lookUpInTime } = options
  const report = loadSettings({
    definition: definitions.length > 0 ? definitions : options.definition,
    services: services.length > 0 ? services : options.services,
    system,
    host,
    env,
    cwd,
  })
  const ofHosts = await hostWarnings(report, lookUp)
  return { ...report, warnings: orderedProblems([...report.warnings, ...ofHosts]) }
}

function jsonReport({ system, host, items, errors, warnings }: SettingsReport) {
  const problem = ({ file, line, column, message }: Problem) => ({ file, line, column, message })
  return { system, host, items, errors: errors.map(problem), warnings: warnings.map(problem) }
}

function verdict({ errors, warnings }: SettingsReport): string {
  if (errors.length + warnings.length === 0) return 'no errors, no warnings'
  return `${counted(errors.length, 'error')}, ${counted(warnings.length, 'warning')}`
}

const counted = (count: number, noun: string) =>
  `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
