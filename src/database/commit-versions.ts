/**
 * Versions of the changes of one commit, in their order, from positions in the write-ahead log that only tell
 * commits apart: the last change has its position, and each one before it at least one less, so that of two changes of
 * one row the later has the higher. None is as low as the position of the commit before it that changed the row: each
 * change has written a byte of the log at least, and so has that commit.
 */
export function descendingVersions(positions: readonly bigint[]): bigint[] {
  const versions = [...positions]
  for (let index = versions.length - 2; index >= 0; index--) {
    const next = versions[index + 1] as bigint
    if ((versions[index] as bigint) >= next) versions[index] = next - 1n
  }
  return versions
}
