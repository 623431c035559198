/** A work of less than this is lost in what a look at the clock costs, milliseconds. */
const leastMs = 5

/** CPU of this process, milliseconds, the least of three: what else the machine does only ever adds. */
function leastCpuMs(work: () => void): number {
  const each = [1, 2, 3].map(() => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return Math.min(...each)
}

/**
 * How many times as long a work takes that is ten times as large, in one run on one machine: about 10
 * where it grows with its size, 100 where it grows with the square of it.
 */
export function growthOfTenfold(count: number, work: (count: number) => void): number {
  work(count)
  const small = Math.max(
    leastMs,
    leastCpuMs(() => work(count)),
  )
  return leastCpuMs(() => work(10 * count)) / small
}

/** Far from both, above what grows with the size and below what grows with its square. */
export const linearGrowth = 60
