/** What the program of each data layer does when the test asks for it, by whatever the layer has for it. */
export interface LayerCases {
  /** Of the sample: one transaction that inserts a trade and then adds 1 to the prices of its account. */
  book(id: string, account: string): Promise<void>
  /** A transaction that inserts a trade, and whose function then throws. */
  bookAndThrow(id: string, account: string): Promise<void>
  /** One that inserts a trade, and whose function catches the error of a statement behind it, so that the layer sends COMMIT. */
  bookBehindError(id: string, account: string): Promise<void>
  /** One that inserts the trade `first`, then `undone` in a part of it that is rolled back, then `second` in one that is not. */
  bookInParts(first: string, undone: string, second: string, account: string): Promise<void>
  /** Without a transaction: adds 1 to the prices of an account, as SQL by hand, of whose rows the layer hears nothing. */
  raise(account: string): Promise<void>
  /** In `queue.commit()` a transaction that inserts into `note`, which has no triggers; `changed()` notes it from within, behind an answer of the database. */
  note(id: string): Promise<void>
  /** The same, and then the function of the transaction throws. */
  noteAndThrow(id: string): Promise<void>
  close(): Promise<void>
}

/** What the test has the program call. */
export type LayerCall = readonly [keyof LayerCases, ...string[]]

/** What it answers: the error that the call rejected with; null, if it resolved. */
export interface LayerAnswer {
  readonly error: string | null
}
