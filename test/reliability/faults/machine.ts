import { availableParallelism } from 'node:os'

/** Where figures come from: cores and Node version. */
export const machine = (): string =>
  `${availableParallelism()} cores, Node ${process.versions.node}`
