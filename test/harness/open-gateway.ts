import { onTestFinished } from 'vitest'
import { TidingsError } from '../../src/base/tidings-error.ts'
import { type GatewayLimits, gatewayLimits } from '../../src/gateway/gateway-limits.ts'
import { Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts'
import { openUpdateQueue } from '../../src/queue/open-update-queue.ts'
import { EventStream } from './event-stream.ts'
import { freePorts } from './loopback.ts'
import { openQueuePair } from './queue-pair.ts'

interface GatewayOfTest extends Partial<Omit<GatewayOptions, 'limits'>> {
  readonly limits?: Partial<GatewayLimits>
}

/** A gateway with real sockets, whose queue is one of a cluster in memory; it is closed when the test is over. */
export async function openGateway({ limits, ...options }: GatewayOfTest = {}) {
  const pair = await openQueuePair<Record<string, object>>()
  const queue = await openUpdateQueue({ process: 'GATEWAY', transport: pair.cluster.transport() })
  onTestFinished(() => queue.close())
  const { address = '127.0.0.1' } = options
  const [port = 0] = await freePorts(address, 1)
  const failures: string[] = []
  const gateway = await Gateway.open({
    queue,
    address,
    port,
    tls: null,
    tokens: null,
    names: new Set(),
    origins: new Set(),
    askCluster: () => Promise.reject(new TidingsError('CLUSTER_UNREACHABLE', 'it has no cluster')),
    failed: ({ message }) => failures.push(message),
    limits: { ...gatewayLimits, ...limits },
    ...options,
  })
  onTestFinished(() => gateway.close())
  const url = `http://${address}:${port}`
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${url}${path}`, init)
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text }
  }
  /** Publishes, and gives the status and what is answered. */
  const post = async (
    path: string,
    body: string,
    { type = 'application/json', headers = {} }: { type?: string; headers?: object } = {},
  ) => {
    const { status, text } = await ask(path, {
      method: 'POST',
      body,
      headers: { 'Content-Type': type, ...headers },
    })
    return { status, told: JSON.parse(text) as Record<string, unknown> }
  }
  const open = (path: string, headers: Record<string, string> = {}): Promise<EventStream> =>
    EventStream.open(`${url}${path}`, headers)
  /** A stream that is ready. */
  const read = async (path: string, headers: Record<string, string> = {}): Promise<EventStream> => {
    const stream = await open(path, headers)
    await stream.until('ready')
    return stream
  }
  return { ...pair, queue, gateway, port, url, failures, ask, post, open, read }
}
