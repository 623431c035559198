export { liveTable, type PageTableOptions } from './open-page-table.ts'
export type { PageTable, PageChanges, PageTableState } from './page-table.ts'
export type { PageChange } from './page-rows.ts'
