import { readServiceDefinitions } from './service-definitions.ts'
import type { SettingsOptions, SettingsReport } from './settings-report.ts'
import { settingsReport, withEnvironment } from './settings-report.ts'

/** Reads and judges the definition. Never throws: whatever is wrong is in the report. */
export function loadSettings(options: SettingsOptions = {}): SettingsReport {
  return settingsReport(withEnvironment(options), readServiceDefinitions)
}
