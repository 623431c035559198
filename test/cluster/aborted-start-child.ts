/**
 * Starts GENESIS_CLUSTER again and again, and aborts each start one point later than the one before: whenever a part is
 * about to be opened, is being opened, and is open. Says how each start ended, and ends itself if nothing is left open.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { TidingsError } from '../../src/base/tidings-error.ts'
import { DataPath } from '../../src/cluster/bus/data-path.ts'
import { OwnPort } from '../../src/cluster/bus/own-port.ts'
import { startCluster } from '../../src/cluster/cluster-process.ts'
import type { StartClusterOptions } from '../../src/cluster/cluster-process.ts'
import { Membership } from '../../src/cluster/membership/membership.ts'
import { RegistrationPort } from '../../src/cluster/roster/registration-port.ts'
import type { Settings } from '../../src/definition/settings.ts'
import { startClusterWithIntake } from '../../src/intake/cluster-with-intake.ts'
import { IntakePublisher } from '../../src/intake/intake-publisher.ts'
import { Intake } from '../../src/intake/intake.ts'
import { AccessList } from '../../src/sockets/access-list.ts'
import { listeningSockets } from '../../src/sockets/listening-ports.ts'
import type { HostAddresses } from '../../src/sockets/host-lookup.ts'

/** How a start ended that was aborted at a point. */
export interface AbortedStart {
  /** Null: it was not reached, so the start was not aborted. */
  readonly point: string | null
  readonly outcome: string
  /** What was begun all the same when it had been aborted. */
  readonly begunAfter: readonly string[]
  /** Ports that were still listened at when it had ended. */
  readonly leftOpen: readonly number[]
}

const [settingsJson = '', state = '', door = ''] = process.argv.slice(2)
const settings = JSON.parse(settingsJson) as Settings
const start = door === 'with intake' ? startClusterWithIntake : startCluster

/** One start: it is aborted at the point of this number. */
class Attempt {
  readonly stop = new AbortController()
  readonly begunAfter: string[] = []
  point: string | null = null
  #left: number

  constructor(place: number) {
    this.#left = place
  }

  pass(point: string): void {
    this.#left -= 1
    if (this.#left !== -1) return
    this.point = point
    this.stop.abort()
  }

  begin(part: string): void {
    if (this.stop.signal.aborted) this.begunAfter.push(part)
    this.pass(`${part} begins`)
  }
}

let attempt = new Attempt(0)

/** From now on the attempt passes three points in each call. */
function watch(owner: object, part: string, method: string): void {
  const original = Reflect.get(owner, method) as (...words: unknown[]) => unknown
  const watched = function watched(this: unknown, ...words: unknown[]) {
    const of = attempt
    of.begin(part)
    const result = Reflect.apply(original, this, words)
    if (!(result instanceof Promise)) {
      of.pass(`${part} has ended`)
      return result
    }
    of.pass(`${part} goes on`)
    return result.then((value: unknown) => {
      of.pass(`${part} has ended`)
      return value
    })
  }
  Reflect.set(owner, method, watched)
}

watch(Intake, 'Intake.open', 'open')
watch(Intake.prototype, 'Intake.foreignAt', 'foreignAt')
watch(AccessList, 'AccessList.open', 'open')
watch(DataPath, 'DataPath.bind', 'bind')
watch(RegistrationPort, 'RegistrationPort.open', 'open')
watch(Membership, 'Membership.open', 'open')
watch(OwnPort, 'OwnPort.bind', 'bind')
watch(DataPath.prototype, 'DataPath.run', 'run')
watch(IntakePublisher.prototype, 'IntakePublisher.open', 'open')

/** A name service that does not answer once the start is aborted: it waits for it. */
async function lookUp(host: string, signal?: AbortSignal): Promise<HostAddresses> {
  const of = attempt
  if (host === settings.node.name) of.begin('the look-up')
  await Promise.resolve()
  if (host === settings.node.name) of.pass('the look-up goes on')
  if (!of.stop.signal.aborted) return { addresses: [host] }
  return new Promise((resolve) => {
    const calledOff = () => resolve({ addresses: [], why: 'called off' })
    if (signal?.aborted) calledOff()
    signal?.addEventListener('abort', calledOff)
  })
}

/** That this process listens at now; none where the system does not say. */
function ownPorts(): number[] {
  const listening = listeningSockets()
  if (listening.length === 0) return []
  const open = new Set(readdirSync('/proc/self/fd').map(linkOf))
  return listening.filter(({ inode }) => open.has(`socket:[${inode}]`)).map(({ port }) => port)
}

function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    // That of the folder itself is closed by now.
    return ''
  }
}

async function outcomeOf(options: StartClusterOptions): Promise<string> {
  try {
    const cluster = await start(settings, options)
    await cluster.close()
    return 'started'
  } catch (error) {
    return TidingsError.from(error).code
  }
}

for (let place = 0; ; place += 1) {
  const of = (attempt = new Attempt(place))
  of.pass('it begins')
  const outcome = await outcomeOf({
    state,
    lookUp,
    signal: of.stop.signal,
    on: ({ type }) => {
      if (type !== 'ready') return
      of.begin('ready')
      if (start === startCluster) queueMicrotask(() => of.pass('it has said ready'))
    },
  })
  const leftOpen = ownPorts()
  const { point, begunAfter } = of
  process.send?.({ point, outcome, begunAfter, leftOpen } satisfies AbortedStart)
  if (point === null) break
}
process.disconnect()
