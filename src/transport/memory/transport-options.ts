import type { Meeting } from './meeting/memory-member.ts'

export interface MemoryTransportOptions {
  readonly cluster: Meeting
  /** Of which the process is; nodes come into being by name. */
  readonly node: string
}
