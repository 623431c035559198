/** JSON arrays of all records in their order, as few as there can be of fewer than `limit` bytes each. */
export function jsonArrays(records: readonly object[], limit: number): string[] {
  const arrays: string[] = []
  let texts: string[] = []
  // A bracket and a comma, or the other bracket, for each.
  let bytes = 1
  for (const record of records) {
    const text = JSON.stringify(record)
    const more = Buffer.byteLength(text) + 1
    if (texts.length > 0 && bytes + more >= limit) {
      arrays.push(`[${texts.join()}]`)
      texts = []
      bytes = 1
    }
    texts.push(text)
    bytes += more
  }
  if (texts.length > 0) arrays.push(`[${texts.join()}]`)
  return arrays
}
