import { TidingsError } from '../../../base/tidings-error.ts'
import { shownBroker } from './broker-url.ts'

/** Return codes of CONNACK in 3.1.1, and reason codes of 5. */
const codes = {
  protocolRefused: new Set([0x01, 0x84]),
  idRefused: new Set([0x02, 0x85]),
  credentialsRefused: new Set([0x04, 0x05, 0x86, 0x87, 0x8a, 0x8c]),
  takenOver: 0x8e,
} as const

/** The broker does not speak the version of the protocol in which it was asked. */
export const isOtherProtocol = (code: number | undefined): boolean =>
  code !== undefined && codes.protocolRefused.has(code)

/** Another connection has come with our client id (5 only, and not every broker says so). */
export const isTakenOver = (code: number | undefined): boolean => code === codes.takenOver

/** What a broker does not know or take of us; null: it is something else. */
export function refusalKind(code: number): 'credentials' | 'client id' | null {
  if (codes.credentialsRefused.has(code)) return 'credentials'
  return codes.idRefused.has(code) ? 'client id' : null
}

/** What the caller is told where a broker will never take us as we are; null: it may, later. */
export function refusalOf(
  url: string,
  clientId: string,
  { message, code }: Error & { readonly code?: unknown },
): TidingsError | null {
  if (typeof code !== 'number') return null
  const kind = refusalKind(code)
  if (kind === 'credentials')
    return new TidingsError(
      'ACCESS_DENIED',
      `the MQTT broker at ${url} does not let this process in (${message}): compare MqttUsername, MqttPassword and the client certificate with what the broker knows`,
    )
  if (kind === 'client id')
    return new TidingsError(
      'ACCESS_DENIED',
      `the MQTT broker at ${url} does not take the client id ${clientId} (${message}): MqttClientId says how it is made`,
    )
  return null
}

/** NAME_TAKEN, though of no process is known that has the name: the broker ends the connection again and again. */
export class SharedIdError extends TidingsError {
  /** `clientId`: the one that two programs may have. */
  constructor(url: string, clientId: string) {
    super(
      'NAME_TAKEN',
      `the MQTT broker at ${url} takes the client id ${clientId} and ends the connection again and again: another program may use it, so let MqttClientId be different for each process`,
    )
  }
}

/** Whether another process is there that has the name. */
export const isNameOfAnother = (error: unknown): boolean =>
  TidingsError.from(error).code === 'NAME_TAKEN' && !(error instanceof SharedIdError)

/** What is known of the connection that was waited for. */
interface Attempt {
  readonly isConnected: boolean
  /** Why the last one has ended; null: none has. */
  readonly why: string | null
}

/** Nobody has answered within `withinMs`, or what is said below `root` is not carried. */
export function brokerUnreachable(
  urls: readonly string[],
  attempt: Attempt | undefined,
  withinMs: number,
  root: string,
): TidingsError {
  const at = urls.map(shownBroker).join(', ')
  const message = attempt?.isConnected
    ? `the MQTT broker at ${at} has taken the connection, and does not carry what this process says of itself within ${withinMs} ms: its access rules have to let it read and write below ${root}`
    : `the MQTT broker at ${at} did not answer within ${withinMs} ms (${attempt?.why ?? 'nothing is heard of it'}): start it, or compare MqttBrokerUrl`
  return new TidingsError('CLUSTER_UNREACHABLE', message)
}
