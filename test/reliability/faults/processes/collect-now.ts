/** What a process that has loaded the collector is sent; it answers with what its heap has then, bytes. */
export const collectNow = 'collect now'

/** It writes a heap snapshot there, and answers with the name of the file. */
export interface SnapshotNow {
  readonly snapshot: string
}
