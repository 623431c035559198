/** Levels of arrays and objects in a JSON value: deeper ones exhaust the stack of who walks them. */
export const maxJsonNesting = 128

const quote = 0x22
const backslash = 0x5c

/** True for a JSON text whose arrays and objects nest in more levels than these. Reads it without recursion. */
export function nestsDeeper(text: string, levels: number): boolean {
  if (text.length <= levels) return false
  let depth = 0
  let inString = false
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n)
    if (inString) {
      if (code === backslash) n++
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > levels) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}
