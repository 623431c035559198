import type { MemoryHub } from './meeting/memory-member.ts'

export interface MemoryTransportOptions {
  readonly cluster: MemoryHub
  /** The name of its node; a new name makes a new node. */
  readonly node: string
}
