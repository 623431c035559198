const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

/** Milliseconds in the largest unit that they fill: `2 h`, `45 s`. */
export function lasting(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  const [word, size] = units.find(([, unit]) => seconds >= unit) ?? units[3]
  return `${Math.floor(seconds / size)} ${word}`
}
