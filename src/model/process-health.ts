import type { LossReason } from './loss.ts'

/** The latest loss that a process was told, for people. */
export interface ToldLoss {
  /** When it was told, by the wall clock of the process, milliseconds since the epoch. */
  readonly at: number
  /** null: any table. */
  readonly table: string | null
  /** With its node; null: not known. */
  readonly publisher: string | null
  /** First sequence lost; null: unknown beginning. */
  readonly from: number | null
  /** Last sequence lost; null: open end. */
  readonly to: number | null
  readonly reason: LossReason
}

/** How a process says it is, for people and `mon`: no rule reads it. */
export interface ProcessHealth {
  /** All of its subscriptions are ready. */
  readonly ready: boolean
  /** For whom those wait that are not, by name; `maxWaitingFor` of them at most. */
  readonly waitingFor: readonly string[]
  /** Age of the oldest update that has come and that the application has not taken, whole seconds. */
  readonly lagSeconds: number
  /** Losses that it was told, without resets. */
  readonly losses: number
  /** null: there was none. */
  readonly lastLoss: ToldLoss | null
}

/** So many names say what is wrong, and a thousand of them would not say it better. */
export const maxWaitingFor = 8
