/** Where a GENESIS_CLUSTER is to be reached. */
export interface Contact {
  /** The node that is there, or the address at which one is to be: the same as long as that is so. */
  readonly id: string
  readonly endpoint: string
}

/** Which other nodes there are, and where. */
export interface NodeDirectory {
  /** By name, with the address at which it is reached; null: it is not known now. */
  readonly others: ReadonlyMap<string, string | null>
  /** Addresses at which nodes are to be that have not said who they are. */
  readonly unnamed: readonly string[]
  readonly contacts: readonly Contact[]
  /** At which address others reach this node. */
  readonly advertised: string
  /** Why a node of that name, whose ports are at that address, is none of this cluster; null: it is one. */
  refusal(node: string, address: string): string | null
  /** A node has said who it is, and is one of this cluster. */
  greeted(node: string, address: string): void
  /** A connection from there was denied. */
  denied(address: string): void
  /** Somebody there says that he is a node. */
  noticed(address: string): void
  /** From now on it tells what it learns. */
  begin(): void
  /** To be called every `resolveIntervalMs`: who was unknown, or has moved, is found again. */
  tick(): void
  close(): void
}

/** How often names are resolved again, milliseconds. */
export const resolveIntervalMs = 5_000
