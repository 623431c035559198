export {
  MemoryCluster,
  type MemoryClusterOptions,
} from '../transport/memory/meeting/memory-cluster.ts'
export { MemoryTransport } from '../transport/memory/memory-transport.ts'
export type { Transport, TransportHandlers } from '../transport/transport.ts'
export {
  transportConformance,
  type ConformanceCase,
  type ConformanceCluster,
} from './transport-conformance.ts'
