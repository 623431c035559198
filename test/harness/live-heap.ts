import { getHeapCodeStatistics, getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What a look at the heap itself changes. */
const noiseBytes = 4096

/**
 * Resident memory that V8 has taken for new objects, bytes: the more garbage comes, the more, up to
 * 48 MiB; nothing of it is kept.
 */
export function youngGenerationBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return space?.physical_space_size ?? 0
}

/**
 * Code that V8 has compiled, bytes: the longer a process runs the more of it is optimised, until all that runs
 * often is; what has not run for long is let go.
 */
export function compiledBytes(): number {
  const { code_and_metadata_size, bytecode_and_metadata_size } = getHeapCodeStatistics()
  return code_and_metadata_size + bytecode_and_metadata_size
}

/**
 * Bytes in use after everything unreachable was let go. Memory of buffers goes behind the collection
 * that found it unreachable, so it is collected until no more than noise goes.
 */
export function liveHeapBytes(): number {
  for (let before = Infinity; ;) {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    const bytes = heapUsed + external
    if (before - bytes < noiseBytes) return bytes
    before = bytes
  }
}
