export { publishCommits, type PublishDatabaseOptions } from './publish-commits.ts'
export type { PublishCommitsOptions, PublishEvent } from '../publish-event.ts'
export { DatabaseSnapshot, readTable, snapshots } from './read-table.ts'
export type { ReadTableOptions, VersionedRows } from '../versioned-rows.ts'
