import { maxForeignTopicBytes } from '../wire/frames/foreign.ts'
import { wireLimits } from '../wire/limits.ts'
import { longHeaderBytes } from './zmtp.ts'

/** Every bound of the intake: name, unit, value, reason. docs/PROTOCOL.md lists them. */
export const intakeLimits = {
  /**
   * Bytes of memory that what waits to be read may take: a burst of some hundred thousand small messages,
   * or of some dozen of the largest. What comes beyond is lost, and told as a loss (`foreign-overrun`).
   */
  waitingBytes: 64 * 1024 * 1024,
  /** Bytes that a piece as it came counts beside its own: what its place in memory takes. */
  waitingOverheadBytes: 320,
  /** Bytes of a piece that is put behind others, copied, while they wait: alone it would take more than it is. */
  smallPieceBytes: 4096,
  /** Bytes that a table counts of which messages were let go. */
  waitingTableBytes: 64,
  /** Tables of which it is known how many messages were let go: no publisher has the names of more. */
  waitingTables: 32_768,
  /** Bytes of a message with the headers of its frames: `maxForeignBytes` and its topic. */
  messageBytes: wireLimits.maxForeignBytes + maxForeignTopicBytes + 2 * longHeaderBytes,
  /** Milliseconds of reading before the rest of GENESIS_CLUSTER gets its turn. */
  turnMs: 4,
  /** Milliseconds that leaving may take: GENESIS_CLUSTER itself ends within two seconds. */
  drainMs: 1_000,
  /**
   * Milliseconds without a message after which no program is taken to be publishing, when it leaves: well
   * above a round trip. Until then what comes is wanted; who goes on for all of `drainMs` is told of a loss.
   */
  quietMs: 250,
  /** Milliseconds for what is between the bus and the intake when nothing more is wanted. */
  settleMs: 100,
  /** Pause before the intake is opened anew where it could not go on, milliseconds. */
  reopenMs: 500,
  /** Pause before an intake that stands by at an MQTT broker looks again whether the other one has ended, milliseconds. */
  standbyMs: 3_000,
  /** Milliseconds that a subscription takes, at most, to be back at the programs after a connection ended. */
  resubscribedMs: 500,
  /** Least time between two events about refused messages of one table, milliseconds. */
  refusedIntervalMs: 10_000,
  /** Tables and reasons of refused messages that are told one by one; those of more tables together. */
  refusedKinds: 256,
} as const
