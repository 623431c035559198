import type { CommitEntry, TableSequence } from '../../model/message.ts'
import { assert } from '../../base/assertion.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'

/**
 * The commits of a batch. An entry begins with a varint: 0 is a part of one commit, any other number
 * a run of that many whole commits.
 *
 *   run:  commits (≥ 1), first commit, updates of each
 *   part: 0, commit, number of places, places (the first, then each minus the one before minus 1),
 *         number of tables, for each its index in the manifest and its updates in the whole commit
 */
export function writeCommits(
  out: ByteWriter,
  commits: readonly CommitEntry[],
  manifest: readonly TableSequence[],
): void {
  out.varint(commits.length)
  for (const entry of commits) {
    if (entry.type === 'run') {
      out.varint(entry.commits)
      out.varint(entry.commit)
      out.varint(entry.updatesEach)
      continue
    }
    out.varint(0)
    out.varint(entry.commit)
    out.varint(entry.places.length)
    let next = 0
    for (const place of entry.places) {
      out.varint(place - next)
      next = place + 1
    }
    out.varint(entry.tables.length)
    for (const { table, updates } of entry.tables) {
      const index = manifest.findIndex((listed) => listed.table === table)
      assert(index >= 0, 'the manifest of a parcel names every table of its commits')
      out.varint(index)
      out.varint(updates)
    }
  }
}

const leastEntryBytes = 3

/** Reads the entries and checks that they speak of exactly `count` updates, in ascending commits. */
export function readCommits(
  reader: ByteReader,
  table: string,
  count: number,
  manifest: readonly TableSequence[],
): CommitEntry[] {
  const entries: CommitEntry[] = []
  let updates = 0
  let nextCommit = 1
  for (let left = reader.count(leastEntryBytes, 1); left > 0 && reader.problem === null; left--) {
    const commits = reader.varint()
    const entry = commits > 0 ? readRun(reader, commits) : readPart(reader, table, manifest)
    const last = entry.type === 'run' ? entry.commit + entry.commits - 1 : entry.commit
    updates += entry.type === 'run' ? entry.commits * entry.updatesEach : entry.places.length
    if (entry.commit < nextCommit || !Number.isSafeInteger(last) || updates > count) {
      reader.refuse('bad-count')
    }
    nextCommit = last + 1
    entries.push(entry)
  }
  if (updates !== count) reader.refuse('bad-count')
  return entries
}

function readRun(reader: ByteReader, commits: number): CommitEntry {
  return { type: 'run', commits, commit: reader.varint(1), updatesEach: reader.varint(1) }
}

const leastPartTableBytes = 2

function readPart(
  reader: ByteReader,
  table: string,
  manifest: readonly TableSequence[],
): CommitEntry {
  const commit = reader.varint(1)
  const places: number[] = []
  let next = 0
  for (let left = reader.count(1, 1); left > 0 && reader.problem === null; left--) {
    const place = next + reader.varint()
    places.push(place)
    next = place + 1
  }
  const tables = readPartTables(reader, manifest)
  const whole = tables.reduce((sum, { updates }) => sum + updates, 0)
  const own = tables.find((listed) => listed.table === table)?.updates ?? 0
  if (own < places.length || next > whole || !Number.isSafeInteger(whole)) {
    reader.refuse('bad-count')
  }
  return { type: 'part', commit, places, tables }
}

function readPartTables(
  reader: ByteReader,
  manifest: readonly TableSequence[],
): { table: string; updates: number }[] {
  const tables: { table: string; updates: number }[] = []
  const named = new Set<number>()
  for (
    let left = reader.count(leastPartTableBytes, 1);
    left > 0 && reader.problem === null;
    left--
  ) {
    const index = reader.varint()
    const updates = reader.varint(1)
    const listed = manifest[index]
    if (listed === undefined || named.has(index)) reader.refuse('bad-count')
    else tables.push({ table: listed.table, updates })
    named.add(index)
  }
  return tables
}
