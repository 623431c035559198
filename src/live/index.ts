export { cached, type Cache, type CachedOptions, type CacheStats } from './cached.ts'
export { liveTable, liveTables, type SelectedRow, type ViewsOf } from './open-live.ts'
export type { LiveIndex, LiveRows, LiveTable, LiveTables } from './live-table.ts'
export type { LiveState } from './live-condition.ts'
export type {
  RowField,
  LiveKey,
  LiveChange,
  LiveChanges,
  LiveEvent,
  LiveOptions,
  LiveStats,
  LiveTableOptions,
  ReadContext,
  ReadResult,
  TablesOptions,
} from './live-options.ts'
