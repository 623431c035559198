/** Limits of the multicast link, each with its reason: docs/MULTICAST.md has the same list. */
export const multicastLimits = {
  /** Numbers further ahead of the next expected one are refused: twice what a sender keeps. */
  windowDatagrams: 65_536,
  /** What a sender keeps to repair with. */
  keptDatagrams: 32_768,
  /** A receiver that stood still for a second at the full rate is repaired. */
  keptBytes: 32 * 1024 * 1024,
  /** Longer than any receiver asks. */
  keptMs: 5_000,
  /** Datagrams of one node that wait for one before them. */
  heldDatagrams: 8_192,
  /** The same by bytes. */
  heldBytes: 12 * 1024 * 1024,
  /** Of all nodes together. */
  heldBytesOfAll: 48 * 1024 * 1024,
  /** Pause before what is missing is asked for, half as long or half as long again by chance: it may only be late. */
  askDelayMs: 2,
  /** Only a connection that broke loses an ask or its answer. */
  askAgainMs: 400,
  /** So long without any progress: the missing ones are given up, and subscribers repair. Before a publisher is stalled. */
  giveUpMs: 2_000,
  /** Ranges of one ask. */
  askRanges: 256,
  /** Repairs to all nodes together: replays may take as much. */
  repairBytesPerSecond: 32 * 1024 * 1024,
  /** Repairs at once. */
  repairBurstBytes: 1024 * 1024,
  /** Pause before a datagram without content tells that nothing follows, tripled each time: the last one may be lost. */
  idleMs: 5,
  /** Longest such pause: by them a receiver knows that it hears the group. */
  idleMaxMs: 1_000,
  /** While nothing is sent, so often one of them is as long as they may be, or as the next: a receiver knows which lengths come. */
  lengthShownMs: 4_000,
  /** Bytes of a datagram that every network carries, with room for the headers of tunnels, as QUIC takes it (RFC 9000, 14.1). */
  safeDatagramBytes: 1_200,
  /** Nothing of a node by the group for so long: it is served by the channel. Three datagrams that came every second. */
  deafAfterMs: 3_000,
  /** Nothing of it for so long: people are told. Where one of five datagrams is lost, three in a row are lost each two minutes. */
  missedAfterMs: 10_000,
  /** So long heard by the group: the channel need not serve it any more. */
  hearsAfterMs: 1_000,
  /** So long a sender seals with one key, */
  epochMs: 24 * 60 * 60_000,
  /** and so many datagrams at most: AES-GCM bears a multiple of them under one key. */
  epochDatagrams: 2 ** 32,
  /** So long before it is used the others are told the next key. */
  epochToldMs: 1_000,
  /** So long after it was told the next one a receiver opens with the one before: until it was used, and what it sealed is kept. */
  epochKeptMs: 10_000,
  /** How often each node says where it is. */
  helloMs: 500,
  /** A node that does not know our interest for so long is told all of it. */
  interestAgainMs: 1_000,
  /** With longer texts in all, everything is asked for. */
  interestBytes: 4 * 1024 * 1024,
  /** With more datagrams waiting for their turn nothing is read any more. */
  backlogDatagrams: 64,
  /** Least and most that leaves at once, by what the receivers' buffers take. */
  leastBurstBytes: 32 * 1024,
  mostBurstBytes: 256 * 1024,
  /** Asked of the system for the datagrams that wait to be read: 160 ms at 32 MiB/s. */
  receiveBufferBytes: 4 * 1024 * 1024,
  /** With less in force a warning says so. */
  enoughReceiveBufferBytes: 1024 * 1024,
  /** Datagrams and replies gathered for one message of the channel. */
  channelMessageBytes: 64 * 1024,
  /** Messages of the channel that wait for one node: 32 MiB of repairs. */
  channelHighWaterMark: 512,
  /** Datagrams put into order before everything else has its turn. */
  turnDatagrams: 128,
} as const

/** What of these the parts of the link take; for tests, with other values. */
export type MulticastLimits = { readonly [name in keyof typeof multicastLimits]: number }
