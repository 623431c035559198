export { liveHandler, type LiveHandler } from './live-handler.ts'
export { liveResponse, type LiveResponder } from './live-response.ts'
export type { Admitted, LiveStreamOptions } from './live-stream-options.ts'
export type { ServedTable } from './served-table.ts'
