import type { Loss } from '../../src/model/loss.ts'
import type { QueueEvent, QueueStats } from '../../src/queue/queue-event.ts'
import type { OpenOptions, WhenSlow } from '../../src/queue/options.ts'

/** What one application process has received of one stream, judged by sequence and by content. */
export interface StreamReport {
  readonly node: string
  readonly process: string
  readonly incarnation: string
  readonly table: string
  /** First and last sequence delivered. */
  readonly first: number
  readonly last: number
  readonly received: number
  readonly duplicates: number
  readonly outOfOrder: number
  /** Updates whose record is not the one that its publisher published under this number. */
  readonly wrong: number
  /** Sequences passed over, neither delivered nor reported lost. */
  readonly missing: number
}

/** What an application process has received. */
export interface Report {
  readonly received: number
  readonly streams: readonly StreamReport[]
  /** Of the updates received, those that another one stands for. */
  readonly folded: number
  readonly losses: readonly Loss[]
  /** Commits that came in pieces without a word. */
  readonly torn: number
  /** Updates of programs that are not ours, in the order in which they came. */
  readonly foreign: readonly {
    readonly table: string
    readonly sequence: number | null
    readonly record: object
  }[]
  readonly isReady: boolean
  /** Who is out of reach of its subscription, by name. */
  readonly unreachable: readonly string[]
  readonly events: readonly QueueEvent[]
}

export interface WatchOptions {
  readonly limit?: { readonly updates?: number; readonly bytes?: number }
  readonly whenSlow?: WhenSlow
  readonly key?: 'INSTRUMENT'
  /** The handler of each delivery takes this long. */
  readonly handlerMs?: number
  /** The handler takes this long for each update, until `wake`. */
  readonly updateMs?: number
  /** The handler waits until `wake`. */
  readonly asleep?: boolean
  /** Resolves at once, not when it is ready. */
  readonly atOnce?: boolean
  readonly own?: boolean
}

export interface PublishOptions {
  /** Waits for the subscribers after so many updates; default 20,000. */
  readonly flushEvery?: number
  /** Gives way to the event loop after so many updates; default: only where it flushes. */
  readonly turnEvery?: number
  /** Gives way twice, so that every other turn publishes nothing, and the parcels of turns are not gathered. */
  readonly idleTurns?: boolean
}

/** Some updates a turn with a pause behind each, or as many a second as the machine can, up to these. */
export type Load =
  { readonly updatesPerTurn: number; readonly pauseMs: number } | { readonly perSecond: number }

/** How many updates were published of each table. */
export type Published = Readonly<Record<'TRADE' | 'POSITION', number>>

export interface Expectation {
  /** Name of the process that published; left out: all together. */
  readonly process?: string
  readonly updates: number
}

/** How far an application process is. */
export interface Progress {
  /** Milliseconds since the epoch, with a fraction. */
  readonly at: number
  readonly published: number
  /** Delivered, those included that a conflated delivery stands for. */
  readonly received: number
  /** CPU that it has taken since it started, milliseconds. */
  readonly cpuMs: number
  /** Resident memory, bytes. */
  readonly memory: number
  /** The most it ever had, bytes. */
  readonly peakMemory: number
}

/** The calls that an application process answers. */
export interface Calls {
  open: {
    argument: OpenOptions
    result: { readonly port: number | null; readonly incarnation: string }
  }
  subscribe: { argument: WatchOptions & { tables: string | string[] }; result: void }
  publish: {
    argument: PublishOptions & { updates: number }
    /** Subscribers that had not confirmed when a flush ended. */
    result: { readonly missing: number }
  }
  /** Publishes until `stop`. */
  load: { argument: Load; result: void }
  /** Ends the load. */
  stop: { argument: null; result: Published }
  published: { argument: null; result: Published }
  /** Resolves when it has published so many updates. */
  publishes: { argument: number; result: Progress }
  receives: { argument: Expectation; result: Report }
  /** Resolves when all up to there is delivered or reported, of every publisher. */
  reaches: { argument: Published; result: Progress }
  /** Handlers that wait go on, and none waits any more. */
  wake: { argument: null; result: Progress }
  progress: { argument: null; result: Progress }
  report: { argument: null; result: Report }
  stats: { argument: null; result: QueueStats }
  close: { argument: null; result: void }
}

export type ApplicationCall = {
  [Name in keyof Calls]: { id: number; name: Name; argument: Calls[Name]['argument'] }
}[keyof Calls]

export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}
