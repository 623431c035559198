import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { inBackground } from '../base/background.ts'
import { hostPort, plainAddress } from '../base/host-port.ts'
import { readSecretFile } from '../base/secret-file.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { isLoopbackAddress } from '../definition/machine.ts'
import { BearerTokens } from '../gateway/bearer-tokens.ts'
import { Gateway } from '../gateway/gateway.ts'
import type { TlsFiles } from '../gateway/http-server.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import { queryOnDemand } from './cluster-query.ts'
import { exitCode } from './exit-code.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'
import { reportStatus } from './status-report.ts'
import { complain, onInterrupt, say, styled } from './terminal.ts'

export interface GatewayCommandOptions extends SharedOptions {
  readonly port: number
  readonly address: string
  readonly tokenFile?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly clientCa?: string
  readonly allowHost?: readonly string[]
  readonly allowOrigin?: readonly string[]
}

/** The name of the process in the cluster; its instance is the port, so that a node may have several. */
const processName = 'GATEWAY'

/** `tidings gateway`: updates by HTTP, until SIGTERM or SIGINT. */
export async function gateway(options: GatewayCommandOptions): Promise<number> {
  const stop = new AbortController()
  const stopped = Promise.withResolvers<undefined>()
  const settings = settingsOf(options)
  onInterrupt(() => {
    stop.abort()
    stopped.resolve(undefined)
  })
  try {
    return await serve(options, settings, stop.signal, stopped.promise)
  } catch (error) {
    // A signal ends it with 0, also before it is open.
    if (stop.signal.aborted && TidingsError.from(error).code === 'ABORTED') return exitCode.done
    throw error
  }
}

async function serve(
  options: GatewayCommandOptions,
  settings: GatewaySettings,
  signal: AbortSignal,
  stopped: Promise<undefined>,
): Promise<number> {
  await using queue = await openUpdateQueue({
    ...definitionOptions(options),
    process: processName,
    instance: String(options.port),
    signal,
  })
  inBackground(reportStatus(queue.status(), options), ({ message }) => complain(message))
  const failed = ({ message }: TidingsError): void => complain(message)
  await using cluster = queryOnDemand(options)
  const askCluster = () => cluster.ask()
  const opened = await Gateway.open({ ...settings, queue, failed, askCluster })
  const { address, port, tls } = settings
  const url = `${tls ? 'https' : 'http'}://${hostPort(address, port)}`
  const ready = styled(process.stderr, 'green', 'ready:')
  say(
    `${ready} ${new Date().toISOString()} GATEWAY of node ${queue.identity.node} answers at ${url}`,
  )
  const failure = await Promise.race([stopped, queue.closed])
  await opened.close()
  if (failure) throw failure
  return exitCode.done
}

type GatewaySettings = Omit<Parameters<typeof Gateway.open>[0], 'queue' | 'failed' | 'askCluster'>

/** Throws USAGE with the option that is wrong, before anything is opened. */
function settingsOf(options: GatewayCommandOptions): GatewaySettings {
  const { port } = options
  const address = plainAddress(options.address)
  if (isIP(address) === 0)
    throw usage(`--address must be an address of this host, or 0.0.0.0, got ${shown(address)}`)
  const tls = tlsOf(options)
  const tokens = options.tokenFile === undefined ? null : BearerTokens.ofFile(options.tokenFile)
  if (!isLoopbackAddress(address)) {
    if (tokens === null && tls?.ca === undefined)
      throw usage(
        `at ${address} others can reach it: give --token-file, or --client-ca with --tls-cert and --tls-key`,
      )
    if (tls === null)
      say(
        `${styled(process.stderr, 'yellow', 'warning:')} without --tls-cert tokens and updates can be read on the way`,
      )
  }
  return {
    address,
    port,
    tls,
    tokens,
    names: new Set(options.allowHost?.map((name) => name.toLowerCase())),
    origins: new Set(options.allowOrigin?.map(checkOrigin)),
  }
}

function checkOrigin(origin: string): string {
  if (URL.parse(origin)?.origin === origin) return origin
  throw usage(
    `--allow-origin must be an origin such as https://app.example.org, got ${shown(origin)}`,
  )
}

function tlsOf({ tlsCert, tlsKey, clientCa }: GatewayCommandOptions): TlsFiles | null {
  if (tlsCert === undefined && tlsKey === undefined && clientCa === undefined) return null
  if (tlsCert === undefined || tlsKey === undefined)
    throw usage('TLS needs both --tls-cert and --tls-key')
  const key = readSecretFile(tlsKey)
  if ('why' in key) throw usage(`--tls-key ${tlsKey} is not taken: ${key.why}`)
  return {
    cert: fileOf('--tls-cert', tlsCert),
    key: Buffer.from(key.text),
    ...(clientCa !== undefined && { ca: fileOf('--client-ca', clientCa) }),
  }
}

function fileOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw usage(`${option} ${path} cannot be read: ${(error as Error).message}`)
  }
}

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
