/** What the client of the MQTT broker keeps to. Each has a unit in its name, and a reason. */
export const mqttLimits = {
  /**
   * The broker is heard within one and a half of these, or the connection is given up, by either side: a process whose event
   * loop stands still for 10 seconds must not lose its connection.
   */
  keepaliveMs: 10_000,
  /** For TCP, TLS and the broker's answer. */
  connectTimeoutMs: 5_000,
  /** From one attempt to the next, doubled each time; chance takes off up to half. */
  reconnectFirstMs: 100,
  reconnectMostMs: 2_000,
  /** What waits to leave; what comes on top is dropped and repaired, as beyond a high-water mark of ZeroMQ. */
  queuedMessages: 4_096,
  queuedBytes: 16 * 1024 * 1024,
  /** Written to the socket ahead: what the kernel does not take yet lies in the memory of this process. */
  aheadBytes: 1024 * 1024,
  /**
   * Messages of QoS 1 and 2 that the broker has not acknowledged, where it does not say how many it takes (3.1.1): Mosquitto
   * brings what is beyond its window of 20 out of order at QoS 2.
   */
  inFlight: 10,
  /** The same where the broker takes any number. */
  inFlightMost: 1_024,
  /** Filters in one SUBSCRIBE: AWS IoT Core takes no more. */
  filtersAtOnce: 8,
  /** A broker that has not acknowledged a subscription by then does not know its quality of service. */
  subscribeWithinMs: 5_000,
  /** Of a packet where the broker does not say what it takes (3.1.1). */
  packetBytes: 256 * 1024,
  /** Of a PUBLISH beside topic and payload: fixed header, lengths, id, properties. */
  packetOverheadBytes: 32,
  /** Pieces of messages that are not whole yet, of all senders together. */
  piecesBytes: 64 * 1024 * 1024,
  /** A connection that the broker takes and ends again within this time, so often within so long, is of a client id that another program has, too. */
  takenOverWithinMs: 2_000,
  takenOverTimes: 5,
  takenOverPeriodMs: 20_000,
  /** A request for more publishers than this goes to everybody who publishes, once. */
  askedOneByOne: 8,
} as const
