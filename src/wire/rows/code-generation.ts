/**
 * Making functions from text. Whatever comes from outside enters such a text as a string literal
 * only, through `literal()`; all else is a closed set of phrases and numbers of our own.
 */
export function literal(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

/** What the text `body` returns, with `givens` as its only names from outside it. */
export function generate(givens: Readonly<Record<string, unknown>>, body: string): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- the one place; see above what enters it
  const make = new Function(...Object.keys(givens), body) as (...values: unknown[]) => unknown
  return make(...Object.values(givens))
}

/** False where the process forbids it (--disallow-code-generation-from-strings, some policies). */
export const canGenerateCode = (() => {
  try {
    return generate({}, 'return true') === true
  } catch {
    return false
  }
})()
