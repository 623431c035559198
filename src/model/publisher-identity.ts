/** Who published an update. */
export interface PublisherIdentity {
  readonly node: string
  readonly process: string
  /** Tells replicas of one process on one node apart; empty when there is one. */
  readonly instance: string
  /** One life of the publisher: 128 random bits, hexadecimal. */
  readonly incarnation: string
}

/** The four fields of whatever has them, and nothing else of it. */
export const identityOf = ({
  node,
  process,
  instance,
  incarnation,
}: PublisherIdentity): PublisherIdentity => ({ node, process, instance, incarnation })

/** A process for people: replicas of one name are told apart by their instances. */
export const processName = ({
  process,
  instance,
}: {
  process: string
  instance: string
}): string => (instance === '' ? process : `${process}/${instance}`)

/** The same with where it runs: names are told apart on one node only. */
export const processOnNode = (of: { node: string; process: string; instance: string }): string =>
  `${processName(of)} on ${of.node}`
