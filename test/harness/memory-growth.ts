/** By how much memory has grown in the last third of its samples over the third before, by their largest; 0: not at all. The first third warms up. */
export function memoryGrowth(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3)
  return Math.max(...samples.slice(-third)) / Math.max(...samples.slice(third, -third)) - 1
}
