/** A rule of the delivery contract that did not hold, or a demand on the run that was not met. */
export interface Violation {
  readonly rule:
    /** Owed, neither delivered nor reported. */
    | 'silent-loss'
    | 'twice'
    /** Behind a later one of its stream, or places of a commit not in the order of the call. */
    | 'out-of-order'
    /** A commit in pieces that was not called incomplete. */
    | 'torn'
    /** Called incomplete, and whole; or no part of it was reported lost. */
    | 'false-incomplete'
    /** Other content than published, or numbers that belong to another update. */
    | 'wrong'
    | 'never-published'
    /** Delivered although it lies in a loss with an end, or before the end of an open loss was told. */
    | 'delivered-and-lost'
    | 'end-without-open'
    /** A loss that is open in the end, of a publisher that lives. */
    | 'open-for-live'
    /** A publisher lives and retains what was reported lost. */
    | 'false-loss'
    /** Mesh: a loss inside a node although neither end was touched. */
    | 'loss-in-node'
    | 'never-ready'
  /** How many updates it is about; 1 where they cannot be counted. */
  readonly updates: number
  readonly text: string
  /** Journals of the two ends, where it has them. */
  readonly publisher?: string
  readonly subscriber?: string
}
