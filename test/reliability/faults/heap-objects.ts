/** What V8 notes for itself: compiled code, which of it depends on what, and the shapes of objects. */
const kindsOfV8: ReadonlySet<string> = new Set(['code', 'hidden', 'object shape', 'synthetic'])

/** As `writeHeapSnapshot()` of Node leaves it: https://github.com/v8/v8/blob/main/src/profiler/heap-snapshot-generator.cc */
interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[]
      readonly node_types: readonly [readonly string[], ...unknown[]]
    }
  }
  readonly nodes: readonly number[]
}

/**
 * Bytes of all objects, strings and buffers that an application and its libraries keep, by a heap snapshot, without what
 * V8 notes for itself. That goes on to grow for hours, since functions that run seldom are compiled one by one: in a
 * quarter of an hour of GENESIS_CLUSTER there came 33 KiB of lists of dependent code and notes of types to the spaces of
 * objects, while its objects stayed as they were to the kilobyte.
 */
export function applicationBytes(text: string): number {
  const { snapshot, nodes } = JSON.parse(text) as HeapSnapshot
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [kindAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')]
  const [kinds] = types
  let bytes = 0
  for (let at = 0; at < nodes.length; at += fields.length)
    if (!kindsOfV8.has(kinds[nodes[at + kindAt] as number] as string))
      bytes += nodes[at + sizeAt] as number
  return bytes
}
