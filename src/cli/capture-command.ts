import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { systemClock } from '../base/clock.ts'
import { capture } from '../database/capture/capture.ts'
import type { CaptureFinding } from '../database/capture/capture-check.ts'
import type { CaptureEvent } from '../database/capture/capture-event.ts'
import { defaultCaptureLimits } from '../database/capture/capture-limits.ts'
import { dropCapture, examineCapture } from '../database/capture/capture-operations.ts'
import { requireSettings } from '../definition/require-settings.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import { findingLines } from './doctor-report.ts'
import { exitCode } from './exit-code.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'
import { onInterrupt, say, styled } from './terminal.ts'

export interface CaptureCommandOptions extends SharedOptions {
  readonly url?: string
  readonly tables?: readonly string[]
  readonly slot?: string
  readonly giveUpAt?: number
  readonly check?: boolean
  readonly drop?: boolean
}

/** The name of the process in the cluster; its instance is the slot, so that a node may capture several databases. */
const processName = 'CAPTURE'

/** `tidings capture postgres`: publishes what commits in a database, until SIGTERM or SIGINT. */
export async function capturePostgres(options: CaptureCommandOptions): Promise<number> {
  const { system } = await requireSettings(definitionOptions(options))
  const slot = options.slot ?? slotOf(system)
  if (!/^[a-z0-9_]{1,63}$/.test(slot))
    throw new TidingsError(
      'USAGE',
      `--slot must be up to 63 small letters, digits and _, got ${shown(slot)}`,
    )
  const url = options.url ?? process.env['DATABASE_URL']
  const address = url === undefined ? {} : { connectionString: url }
  const tables = options.tables ?? null
  if (options.check) return check(await examineCapture(address, slot, tables))
  if (options.drop) return drop(await dropCapture(address, slot), slot)
  const stop = new AbortController()
  onInterrupt(() => stop.abort())
  await capture({
    address,
    slot,
    tables,
    giveUpAtBytes: options.giveUpAt ?? null,
    open: (names, signal) =>
      openUpdateQueue({
        ...definitionOptions(options),
        process: processName,
        instance: slot,
        publishes: names,
        signal,
      }),
    on: report,
    signal: stop.signal,
    clock: systemClock,
    limits: defaultCaptureLimits,
  })
  report({ type: 'note', message: 'stopped' })
  return exitCode.done
}

function check(findings: readonly CaptureFinding[]): number {
  const { stdout } = process
  for (const finding of findings)
    stdout.write(`${findingLines(finding.topic, finding, stdout).join('\n')}\n`)
  const problems = findings.filter(({ severity }) => severity === 'problem').length
  say(problems === 0 ? 'no problems' : `${problems} problem${problems === 1 ? '' : 's'}`)
  return problems === 0 ? exitCode.done : exitCode.no
}

function drop(dropped: readonly string[], slot: string): number {
  say(dropped.length === 0 ? `there was nothing of ${slot}` : `dropped: ${dropped.join(', ')}`)
  return exitCode.done
}

/** `tidings_` and the name of the system, of which a slot may have small letters, digits and `_`. */
const slotOf = (system: string | null): string =>
  system === null ? 'tidings' : `tidings_${system.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`

/** As the lines of GENESIS_CLUSTER: with the time, and the word `ready` first, for whoever waits for it. */
function report({ type, message }: CaptureEvent): void {
  const at = new Date().toISOString()
  if (type === 'ready') say(`${styled(process.stderr, 'green', 'ready')} ${message}`)
  else if (type === 'warning')
    say(`${at} ${styled(process.stderr, 'yellow', 'warning:')} ${message}`)
  else say(`${at} ${message}`)
}
