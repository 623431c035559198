/** A rule of the delivery contract that did not hold. */
export interface Violation {
  readonly rule:
    | 'never-ready'
    | 'ready-early'
    | 'silent-loss'
    | 'late'
    | 'late-ending'
    | 'false-loss'
    | 'false-gone'
    | 'false-confirmation'
    | 'taken-inside'
    | 'not-latest'
    | 'false-incomplete'
    | 'twice'
    | 'out-of-order'
    | 'out-of-band'
    | 'commit-order'
    | 'not-whole'
    | 'cut'
    | 'place-order'
    | 'delivered-and-lost'
    | 'end-without-open'
    | 'open-for-live'
    | 'open-after-end'
    | 'never-published'
    | 'unannounced'
    | 'false-reset'
    | 'reset-early'
    | 'stuck'
    | 'not-live'
    | 'not-equal'
  readonly text: string
}

export type Fail = (rule: Violation['rule'], text: string) => void
