import { maxJsonNesting } from '../base/json-nesting.ts'

/** Every bound of the wire format: name, unit, value, reason. docs/WIRE.md lists them. */
export const wireLimits = {
  /** Bytes of one frame: `maxMessageSize` of every socket; a larger frame ends the connection. */
  maxFrameBytes: 5 * 1024 * 1024,
  /** Bytes of one batch from its envelope on: with what a replay puts before it, it fits one frame. */
  maxBatchBytes: 5 * 1024 * 1024 - 4096,
  /**
   * Bytes of a frame that its checksum covers: all of a message that tells of a few changes, and the
   * header of a large batch. TCP's own checksum stands for the rest: a CRC-32 over all of it cost an
   * eighth of the CPU of publisher and subscriber together.
   */
  checksumBytes: 4096,
  /** Bytes at which a replay is sent and the rest goes into another message: as a batch, small beside a connection's mark. */
  replayBytes: 256 * 1024,
  /** Batches in one replay: in the memory of who reads it a small one takes ten times its bytes. */
  maxReplayBatches: 1024,
  /** Bytes of one request: a sync names every table of a subscription. */
  maxRequestBytes: 1024 * 1024,
  /** Bytes of foreign JSON, which grows about tenfold in memory: a record with a text of 4 MiB fits. */
  maxForeignBytes: 4 * 1024 * 1024 + 64 * 1024,
  /** Bytes of rows at which a batch is closed: large enough to spread its costs, small in a cache. */
  batchBytes: 256 * 1024,
  /**
   * Bytes that the rows of one batch take without their texts, twice what a writer puts there: two
   * bits of a row become a field of a record, a hundredfold in memory.
   */
  maxRowsBytes: 512 * 1024,
  /** Bytes of one update, record and record before: with its header and the longest manifest it must fit one frame. */
  maxUpdateBytes: 4.25 * 1024 * 1024,
  /** UTF-8 bytes of the text of a reset: it is for people; a longer one is cut. */
  maxResetTextBytes: 1024,
  /** Keys of a reset: to read more rows one by one costs more than to read the table. With more it is of the whole table. */
  maxResetKeys: 10_000,
  /** Bytes of the keys of a reset: they stand in the header of its batch. With more it is of the whole table. */
  maxResetKeysBytes: 256 * 1024,
  /** Tables in one parcel: keeps the manifest, which every batch carries, within its frame. */
  maxManifestTables: 1024,
  /** Tables that one request names: what answers it must fit one frame too. */
  maxRequestTables: 65_536,
  /** Fields of a shape; records with more travel field by field as text. */
  maxFields: 512,
  /** UTF-8 bytes of a field name. */
  maxFieldNameBytes: 1024,
  /** Bytes of an encoded shape: every batch carries it. */
  maxShapeBytes: 64 * 1024,
  /** Levels of arrays and objects in a JSON value: deeper ones exhaust the stack of who walks them. */
  maxJsonNesting,
  /** UTF-8 bytes of a node, process or instance name: one byte tells the length. */
  maxNameBytes: 255,
  /** Distinct strings of one field in one batch before its dictionary is given up. */
  maxDictionaryEntries: 1024,
  /** Shapes whose compiled readers are kept: bounds memory against ever new shapes. */
  maxCachedShapes: 256,
  /** Publisher identities kept decoded: bounds memory against ever new publishers. */
  maxCachedIdentities: 4096,
} as const
