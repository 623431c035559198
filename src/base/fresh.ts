/**
 * V8 counts how many objects of a literal, `{…}` or `[…]`, live on. After a burst of long-lived ones
 * it allocates all later ones of that literal in the old generation, for good: a list there that is
 * dead keeps its items from the scavenger until the next full collection. A subscriber that was
 * behind once then spends twice the time on each update. Of constructors and built-in functions it
 * counts nothing, so what carries updates is made by these.
 */

const listOfObjects = Array.of<unknown>(null)
listOfObjects.pop()

/**
 * An empty list. One made of numbers, as V8 takes a list to be that never held anything, would change
 * its kind at the first item, and every loop that fills such lists would know two kinds. A copy keeps
 * the kind of what it was made of.
 */
export function freshList<Item>(): Item[] {
  return listOfObjects.slice() as Item[]
}

/** Makes the objects of a constructor plain: they have the prototype of a literal. */
export function makesPlain(constructor: { prototype: unknown }): void {
  constructor.prototype = Object.prototype
}
