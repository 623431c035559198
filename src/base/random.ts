import { closeSync, openSync, readSync } from 'node:fs'

/** A source of chance: returns a number in [0, 1). An argument wherever chance matters. */
export type Random = () => number

/**
 * A repeatable source of chance (mulberry32 by Tommy Ettinger, public domain): equal seeds give
 * equal sequences. For jitter and simulation, not for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = Math.imul(seed, 2654435761) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Where the kernel's own source of chance can be read; absent on Windows. */
const chanceDevice = '/dev/urandom'

/**
 * Bytes from the system's source of chance, as node:crypto has them. They are read at the source: to load
 * node:crypto takes a process longer than all else that it needs of Node to open a queue.
 */
export function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count)
  try {
    const device = openSync(chanceDevice, 'r')
    try {
      if (readSync(device, bytes) === count) return bytes
    } finally {
      closeSync(device)
    }
  } catch {
    // None here, or this process may not read it.
  }
  return process.getBuiltinModule('node:crypto').randomBytes(count)
}

/** 128 random bits as 32 lower-case hexadecimal digits: an identity, never an order. */
export function randomId(): string {
  return randomBytes(16).toString('hex')
}
