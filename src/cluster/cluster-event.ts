import type { NodeState } from '../model/cluster-snapshot.ts'
import type { Misfit, Refusal } from '../sockets/keys/refusal.ts'

/** What GENESIS_CLUSTER tells people, each as a sentence too. The union may grow; no rule depends on it. */
export type ClusterEvent = (
  | /** Processes may come; at an MQTT broker, where they come without it: foreign programs may, or it stands by. */ {
      readonly type: 'ready'
    }
    /** Who is out of reach now, by name: subscriptions are ready without them, and are told so. */
  | { readonly type: 'unreachable' | 'reachable'; readonly names: readonly string[] }
  | { readonly type: 'member'; readonly node: string; readonly state: NodeState }
  | { readonly type: 'link'; readonly node: string; readonly state: LinkState }
  | {
      readonly type: 'process'
      readonly process: string
      readonly instance: string
      readonly pid: number
      readonly state: ProcessNews
    }
  /** So many events `process` were not told, so many `refused` among them: there were too many of one name, or of all. */
  | { readonly type: 'left-out'; readonly count: number; readonly refused: number }
  /** The bus was made anew after one of its proxies had ended. */
  | { readonly type: 'bus-renewed' }
  /** Somebody who is not on the access list, or has no key of ours, tried to connect. */
  | { readonly type: 'denied'; readonly address: string }
  /** Connections at a port by somebody with no key, or with another one; `count` of them so far. */
  | {
      readonly type: 'misfits'
      readonly endpoint: string
      readonly misfit: Misfit
      readonly count: number
    }
  /** Another node is there and does not let this one in. */
  | {
      readonly type: 'shut-out'
      readonly node: string
      readonly endpoint: string
      readonly refusal: Refusal
    }
  /** The key file has changed: its keys are taken, or why not. */
  | { readonly type: 'keys'; readonly isTaken: boolean }
  /** Connections at a port that finished no handshake; `count` of them so far. */
  | { readonly type: 'strangers'; readonly endpoint: string; readonly count: number }
  /** What foreign programs published was not taken; `table`: null where their topic names none. */
  | {
      readonly type: 'refused'
      readonly table: string | null
      readonly reason: string
      readonly count: number
      /** What in the first of them is to blame, e.g. `record.PRICE`; null: the message as a whole. */
      readonly path: string | null
    }
  | { readonly type: 'warning' }
  /** What a warning told of is over: the roster is in its file again. */
  | { readonly type: 'kept' }
) & { readonly message: string }

/** What somebody should see to. */
const warnings: ReadonlySet<string> = new Set<ClusterEvent['type']>([
  'warning',
  'unreachable',
  'denied',
  'misfits',
  'shut-out',
  'left-out',
])

export const isWarning = ({ type }: { readonly type: string }): boolean => warnings.has(type)

/** `waiting`: another bears its name and is asked, or is leaving. `back`: it was gone, or taken for dead. */
export type ProcessNews = 'registered' | 'waiting' | 'back' | 'gone' | 'ended' | 'refused'

/** How the sentence of an event says it. */
export const newsWords: Readonly<Record<ProcessNews, string>> = {
  registered: 'registered',
  waiting: 'waits',
  back: 'is back',
  gone: 'is gone',
  ended: 'ended',
  refused: 'refused',
}

export type LinkState = 'opened' | 'connected' | 'renewed' | 'closed' | 'refused'

export type OnClusterEvent = (event: ClusterEvent) => void
