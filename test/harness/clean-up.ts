const jobs: (() => void)[] = []

/** Done when the processes of the test have ended, the latest first, also when the test has failed. */
export function cleanUp(job: () => void): void {
  jobs.push(job)
}

/** Does all of them, each once; the first error is thrown when all are done. */
export function runCleanUps(): void {
  const errors: unknown[] = []
  for (const job of jobs.splice(0).toReversed()) {
    try {
      job()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
