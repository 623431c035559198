import { constants } from 'node:os'
import type { TidingsError } from '../base/tidings-error.ts'

/** What the exit code of a command says. */
export const exitCode = {
  done: 0,
  /** It ran, and the answer is no: check found errors, the count was not reached, copies differ. */
  no: 1,
  /** Wrong usage, input or definition. */
  usage: 2,
  /** GENESIS_CLUSTER or the broker cannot be reached. */
  unreachable: 3,
  portTaken: 4,
} as const

/** The exit code of a command that a signal kept from doing all of its work, as shells have it. */
export const exitCodeOfSignal = (signal: NodeJS.Signals): number =>
  128 + (constants.signals[signal] ?? 0)

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: TidingsError): number {
  switch (error.code) {
    case 'CLUSTER_UNREACHABLE':
      return exitCode.unreachable
    case 'PORT_TAKEN':
      return exitCode.portTaken
    default:
      return error.category === 'usage' ? exitCode.usage : exitCode.no
  }
}
