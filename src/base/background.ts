import { TidingsError } from './tidings-error.ts'

/**
 * Runs work beside what goes on, and tells its failure. A promise that nobody waits for and that fails is an
 * unhandled rejection, which ends the process: so none is left to itself.
 */
export function inBackground(
  work: Promise<unknown> | (() => unknown),
  failed: (error: TidingsError) => void,
): void {
  const done = typeof work === 'function' ? new Promise((resolve) => resolve(work())) : work
  done.catch((error: unknown) => failed(TidingsError.from(error)))
}
