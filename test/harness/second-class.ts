/** The class of errors as a second copy of the package in this process has it: the same words, and another class. */
export async function secondErrorClass() {
  const copy = new URL('../../src/base/tidings-error.ts?second', import.meta.url).href
  const { TidingsError } = (await import(
    /* @vite-ignore */ copy
  )) as typeof import('../../src/base/tidings-error.ts')
  return TidingsError
}
