import type { Hop } from '../model/hop.ts'
import type { Request } from '../model/request.ts'

/** What the subscribing side of a process wants done. */
export type SubscriberAction =
  | { readonly type: 'request'; readonly request: Request }
  | { readonly type: 'subscribe'; readonly topic: string }
  | { readonly type: 'unsubscribe'; readonly topic: string }
  /** What lies on the way from this publisher is to be made anew. */
  | { readonly type: 'renew'; readonly hop: Hop; readonly incarnation: string }
