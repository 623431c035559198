/** A time in which something held without a break; `to` is Infinity while it still does. */
export interface Stretch {
  readonly from: number
  to: number
}
