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
  /** When the latest of them was told, by its own wall clock, milliseconds since the epoch; null: there was none. */
  readonly lastLossAt: number | null
}

/** So many names say what is wrong, and a thousand of them would not say it better. */
export const maxWaitingFor = 8
