/** Something that is wrong, or will be, and what to do about it. */
export interface Finding {
  /** `problem`: something does not work, or will not. `note`: good to know. */
  readonly severity: 'problem' | 'note'
  /** What is so, and where. */
  readonly what: string
  /** What to do. */
  readonly remedy: string
}

export const problem = (what: string, remedy: string): Finding => ({
  severity: 'problem',
  what,
  remedy,
})

export const note = (what: string, remedy: string): Finding => ({ severity: 'note', what, remedy })
