/** A part of the way from a publisher to this process that can be made anew where nothing comes over it. */
export interface Hop {
  /** As the layer calls it. */
  readonly name: string
  /** Updates of other publishers come over it, too: it is cut only where none of them is heard. */
  readonly isShared: boolean
}
