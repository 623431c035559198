import './base/node-version.ts'
import './queue/worker-threads.ts'

export { openUpdateQueue } from './queue/open-update-queue.ts'
export { changed, type Changed, type CommitOptions, type Transaction } from './queue/commits.ts'
export type { ResetOptions } from './queue/resets.ts'
export type { FlushResult } from './queue/flush-result.ts'
export type { UpdateQueue } from './queue/update-queue.ts'
export type {
  FlushOptions,
  OpenOptions,
  QueueOptions,
  SubscribeOptions,
  WhenSlow,
} from './queue/options.ts'
export type { ConflationKey } from './queue/conflation-key.ts'
export type { KeyFields, Selected, TableFields } from './queue/table-fields.ts'
export type { Comparable, FieldConditions, FieldWhere, TableWhere, Where } from './model/where.ts'
export type { LostCount, QueueEvent, QueueHealth, QueueStats } from './queue/queue-event.ts'
export type { Subscription } from './queue/subscription-handle.ts'
export {
  errorCategories,
  TidingsError,
  type ErrorCategory,
  type ErrorCode,
} from './base/tidings-error.ts'
export { lossReasons, type Loss, type LossReason, type RecordKey } from './model/loss.ts'
export type { Published } from './model/published.ts'
export type { KeyOf, NewChange, NewReset } from './model/reset.ts'
export type { PublisherIdentity } from './model/publisher-identity.ts'
export type {
  ConflatedRange,
  ConflatedUpdate,
  Delivery,
  NewUpdate,
  Update,
  UpdateKind,
} from './model/update.ts'
