import { readdirSync, readFileSync } from 'node:fs'
import { TidingsError } from '../base/tidings-error.ts'

/**
 * File descriptors that must be free, since libzmq ends the process where it finds none. A queue
 * opens about 20 and one or two for each peer.
 */
export const fewestFreeForQueue = 32

/** One socket, to ask GENESIS_CLUSTER something: about ten, and some more to look at ports. */
export const fewestFreeForQuestion = 24

/** GENESIS_CLUSTER opens about 50 at its start, and some for each process and node. */
export const fewestFreeForCluster = 96

/** The limit of this process and how many of it are in use; null where the system does not tell. */
interface FileDescriptors {
  readonly limit: number
  readonly open: number
}

/** How many files a process may have open; null where the system does not tell us. */
export function descriptorLimit(pid: number | 'self'): number | null {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
    const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return limit === undefined ? null : Number(limit)
  } catch {
    return null
  }
}

function fileDescriptors(): FileDescriptors | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return limit === undefined
      ? null
      : { limit: Number(limit), open: readdirSync('/proc/self/fd').length }
  } catch (error) {
    // Not even one is left to read the directory with.
    const { code } = error as NodeJS.ErrnoException
    return code === 'EMFILE' ? { limit: 0, open: 0 } : null
  }
}

/** @throws TidingsError FILE_LIMIT_TOO_LOW */
export function requireFileDescriptors(
  fewestFree: number,
  descriptors: FileDescriptors | null = fileDescriptors(),
): void {
  if (descriptors === null) return
  const { limit, open } = descriptors
  if (limit - open >= fewestFree) return
  throw new TidingsError(
    'FILE_LIMIT_TOO_LOW',
    `this process may open ${limit} files and has ${open} open; ${fewestFree} more are needed at least: raise the limit (ulimit -n, LimitNOFILE=)`,
  )
}
