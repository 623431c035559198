const least = -(2n ** 63n)
const most = 2n ** 63n - 1n

/** A bigint that 64 bits hold, signed. */
export const isInt64 = (value: bigint): boolean => value >= least && value <= most
