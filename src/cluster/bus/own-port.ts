import { clusterProcessName, newRegistration } from '../../model/new-registration.ts'
import { zeromqPortOffset } from '../../base/process-port.ts'
import { XPublisher } from 'zeromq'
import { inBackground } from '../../base/background.ts'
import { randomId } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { isForNode, servicePortOf } from '../../definition/service-port.ts'
import type { ServicePort } from '../../definition/settings.ts'
import type { NodeMode, Registration } from '../../model/roster-entry.ts'
import { placeOf } from '../../registration/zeromq-place.ts'
import { bindPort } from '../../sockets/port-owner.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import { boundXpub } from '../../sockets/socket-options.ts'
import type { PortPool } from './port-pool.ts'

/** GENESIS_CLUSTER's process port where no service definition gives one (documentation of Genesis). */
const defaultProcessPort = 9_000

/** Ports tried at most: somebody else may take a free one first, but hardly so often. */
const maxAttempts = 32

interface OwnPortOptions {
  readonly bind: string
  readonly zapDomain: string
  readonly keys: Keys | null
  readonly node: string
  readonly services: readonly ServicePort[]
  readonly ports: PortPool
  readonly listening: () => ReadonlySet<number>
}

/**
 * GENESIS_CLUSTER's own ZeroMQ port, which every process has. It publishes nothing; what comes up
 * is read and dropped, since a socket on which no receive is pending takes no new peers in.
 */
export class OwnPort {
  readonly processPort: number
  readonly #publisher: XPublisher

  private constructor(processPort: number, publisher: XPublisher) {
    this.processPort = processPort
    this.#publisher = publisher
    inBackground(this.#drain(), () => {})
  }

  /** @throws TidingsError PORT_TAKEN where the port that the service definitions give is taken. */
  static async bind(options: OwnPortOptions): Promise<OwnPort> {
    const defined = definedPort(options)
    if (defined !== null) return OwnPort.#bindAt(defined, options)
    let port: number | null = defaultProcessPort
    for (let attempt = 0; attempt < maxAttempts && port !== null; attempt += 1) {
      try {
        return await OwnPort.#bindAt(port, options)
      } catch (error) {
        if (!(error instanceof TidingsError) || error.code !== 'PORT_TAKEN') throw error
      }
      // At the start no port rests from another bearer.
      port = options.ports.take(`${clusterProcessName} ${attempt}`, options.listening, 0)
    }
    throw new TidingsError('PORT_TAKEN', `no free process port is left for ${clusterProcessName}`)
  }

  static async #bindAt(
    processPort: number,
    { bind, keys, zapDomain }: OwnPortOptions,
  ): Promise<OwnPort> {
    const publisher = new XPublisher(boundXpub(zapDomain, keys))
    try {
      const purpose = `the ZeroMQ port of ${clusterProcessName}`
      await bindPort(publisher, bind, processPort + zeromqPortOffset, purpose)
    } catch (error) {
      publisher.close()
      throw error
    }
    return new OwnPort(processPort, publisher)
  }

  close(): void {
    this.#publisher.close()
  }

  async #drain(): Promise<void> {
    while (!this.#publisher.closed) {
      try {
        await this.#publisher.receive()
      } catch (error) {
        // A message of which libzmq keeps the last frame back seems to have no end: no failure of ours.
        if ((error as { code?: string }).code !== 'EAGAIN') return
      }
    }
  }
}

/** Of several the one that names this host; templates write `localhost` for any. */
function definedPort({ node, services }: OwnPortOptions): number | null {
  const service = servicePortOf(services, clusterProcessName, node)
  return service && isForNode(service, node) ? service.port : null
}

/** What GENESIS_CLUSTER says of itself: a process that publishes nothing and wants nothing. */
export function ownRegistration(node: string, mode: NodeMode, processPort: number): Registration {
  return newRegistration({
    node,
    process: clusterProcessName,
    incarnation: randomId(),
    role: 'cluster',
    mode,
    place: placeOf({ processPort, zeromqPort: processPort + zeromqPortOffset }),
  })
}
