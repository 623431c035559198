import { TidingsError } from './tidings-error.ts'

/** Throws ABORTED, with the signal's reason as cause, where the signal has aborted already. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new TidingsError('ABORTED', 'aborted by its signal', { cause: signal.reason })
}

/** A promise that `start` settles, or that rejects with ABORTED when the signal aborts first. */
export function abortable<Result>(
  signal: AbortSignal | undefined,
  start: (resolve: (result: Result) => void, reject: (error: TidingsError) => void) => void,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const onAbort = (): void =>
    reject(new TidingsError('ABORTED', 'aborted by its signal', { cause: signal?.reason }))
  if (signal?.aborted) onAbort()
  else {
    signal?.addEventListener('abort', onAbort, { once: true })
    const settled = () => signal?.removeEventListener('abort', onAbort)
    start(
      (result) => {
        settled()
        resolve(result)
      },
      (error) => {
        settled()
        reject(error)
      },
    )
  }
  return promise
}
