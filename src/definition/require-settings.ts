import { TidingsError } from '../base/tidings-error.ts'
import { formatProblem } from './problem.ts'
import type { Settings } from './settings.ts'
import type { SettingsOptions } from './settings-report.ts'
import { settingsReport, withEnvironment } from './settings-report.ts'

/**
 * The settings, for who cannot go on without. Reads XML, and loads what that takes, only where service definitions
 * are named: each process does this when it opens.
 * @throws TidingsError DEFINITION_INVALID with all errors, in the words of `tidings check`.
 */
export async function requireSettings(options: SettingsOptions = {}): Promise<Settings> {
  const found = withEnvironment(options)
  const services = found.services.length > 0 ? await import('./service-definitions.ts') : null
  const report = settingsReport(found, services?.readServiceDefinitions ?? null)
  const { settings, errors } = report
  if (settings) return settings
  throw new TidingsError('DEFINITION_INVALID', errors.map(formatProblem).join('\n'))
}
