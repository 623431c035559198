/** One slip is forgiven in short words, one more for every so many letters. */
const lettersPerSlip = 5

/** Words longer than this are never compared: the work grows with the square of the length. */
const maxComparedLength = 64

/**
 * The known word that is most like `word`, without regard to case; null where none is near enough
 * to be meant.
 */
export function nearest(word: string, known: Iterable<string>): string | null {
  let found: string | null = null
  let least = Math.max(1, Math.floor(word.length / lettersPerSlip)) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= least) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      found = candidate
    }
  }
  return found
}

/** `; did you mean "X"?` or nothing: the end of a sentence about an unknown word. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known)
  return found === null ? '' : `; did you mean "${found}"?`
}

/**
 * Letters to insert, leave out, replace or swap with their neighbour to make `b` of `a` (optimal
 * string alignment: the restricted Damerau-Levenshtein distance).
 */
function editDistance(a: string, b: string): number {
  if (a.length > maxComparedLength || b.length > maxComparedLength) return Infinity
  let twoAbove: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
      )
      const swapped = row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, (twoAbove[column - 2] ?? 0) + 1)
      current.push(cost)
    }
    twoAbove = above
    above = current
  }
  return above[b.length] ?? 0
}
