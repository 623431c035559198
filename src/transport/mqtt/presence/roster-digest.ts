/** A set of processes in few bytes: two who have the same count and digest know the same ones. */
export interface RosterDigest {
  readonly count: number
  /** All incarnations, combined by exclusive or: 32 hexadecimal digits. */
  readonly digest: string
}

/** @param incarnations 32 hexadecimal digits each, none twice */
export function digestOf(incarnations: Iterable<string>): RosterDigest {
  const sum = Buffer.alloc(16)
  let count = 0
  for (const incarnation of incarnations) {
    const bytes = Buffer.from(incarnation, 'hex')
    for (const [place, byte] of bytes.entries()) sum[place] = (sum[place] ?? 0) ^ byte
    count += 1
  }
  return { count, digest: sum.toString('hex') }
}
