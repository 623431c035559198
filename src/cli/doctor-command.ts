import { inBackground } from '../base/background.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { formatProblem } from '../definition/problem.ts'
import { loadSettings } from '../definition/load-settings.ts'
import type { SettingsReport } from '../definition/settings-report.ts'
import { requireSettings } from '../definition/require-settings.ts'
import type { MqttSettings, Settings } from '../definition/settings.ts'
import { type Examined, examined, problem } from '../doctor/finding.ts'
import { fewestFreeForQuestion, requireFileDescriptors } from '../sockets/file-descriptors.ts'
import { requireNativeModule } from '../sockets/native-module.ts'
import { brokerQuery } from './cluster-query.ts'
import { examinedLines } from './doctor-report.ts'
import { exitCode, exitCodeOfSignal } from './exit-code.ts'
import { lookUpInTime } from './host-warnings.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'
import { interruptible, say } from './terminal.ts'

interface DoctorOptions extends SharedOptions {
  readonly json?: boolean
}

/** How long GENESIS_CLUSTER of this node, or the broker, has to answer, milliseconds. */
const answerWithinMs = 3_000

/** `tidings doctor`: what keeps this node, and the others, from working, and what to do about it. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const settings = await requireSettings(definitionOptions(options))
  const { mqtt } = settings
  const all: Examined[] = []
  const tell = (each: Examined): void => {
    all.push(each)
    if (!options.json) process.stdout.write(examinedLines(each, process.stdout))
  }
  tell(ofDefinition(loadSettings(definitionOptions(options))))
  const interrupt = mqtt ? interruptible() : null
  const answers =
    mqtt && interrupt
      ? await atBroker(settings, mqtt, tell, interrupt.signal)
      : await atNode(settings, tell)
  if (interrupt?.by !== undefined) return exitCodeOfSignal(interrupt.by)
  interrupt?.remove()
  if (options.json) process.stdout.write(`${JSON.stringify({ examined: all })}\n`)
  else say(verdict(all))
  if (!answers) return exitCode.unreachable
  return problemsOf(all).length === 0 ? exitCode.done : exitCode.no
}

type Tell = (each: Examined) => void

/** @returns whether GENESIS_CLUSTER of this node answers */
async function atNode(settings: Settings, tell: Tell): Promise<boolean> {
  await requireNativeModule()
  requireFileDescriptors(fewestFreeForQuestion)
  const { examine } = await import('../doctor/doctor.ts')
  const { askCluster } = await import('../transport/zeromq/connections/snapshot-query.ts')
  let answers = true
  const snapshot = async (address: string) => {
    const { node, keys = null } = settings
    const answer = await askCluster(address, node.ports.registry, answerWithinMs, keys)
    answers = answer !== null
    return answer
  }
  for await (const each of examine({ settings, lookUp: lookUpInTime, snapshot })) tell(each)
  return answers
}

/**
 * Where it is interrupted it takes away first what it has tried, which the broker would keep.
 * @returns whether a broker lets us in
 */
async function atBroker(
  settings: Settings,
  mqtt: MqttSettings,
  tell: Tell,
  signal: AbortSignal,
): Promise<boolean> {
  const { loadBrokerCheck } = await import('../transport/mqtt/broker/load-mqtt.ts')
  const { examineBroker } = await import('../doctor/broker/broker-doctor.ts')
  const check = await loadBrokerCheck({ ...mqtt, node: settings.node.name })
  const end = (): void => inBackground(check.close(), () => {})
  signal.addEventListener('abort', end)
  const snapshot = async (url: string) => {
    const broker = { ...mqtt, brokerUrls: [url] }
    await using cluster = await brokerQuery(settings, broker, answerWithinMs)
    const stop = (): void =>
      inBackground(
        async () => cluster[Symbol.asyncDispose](),
        () => {},
      )
    signal.addEventListener('abort', stop)
    return await cluster.ask().catch(noAnswer)
  }
  let answers = false
  try {
    for await (const each of examineBroker({ mqtt, check, snapshot })) {
      if (signal.aborted) break
      answers ||= each.topic === 'protocol' && each.skipped === null
      tell(each)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await check.close()
  }
  return answers
}

/** What a topic of its own says, which keeps others from answering: the broker ends the connection, or access is refused. */
const toldOfAccess: readonly string[] = ['CLUSTER_UNREACHABLE', 'ACCESS_DENIED', 'NAME_TAKEN']

function noAnswer(error: unknown): null {
  if (toldOfAccess.includes(TidingsError.from(error).code)) return null
  throw error
}

/** What `check` says of it in full. */
function ofDefinition({ warnings, system, host }: SettingsReport): Examined {
  return examined(
    'definition',
    `${host ?? 'this machine alone'}${system === null ? '' : ` in the system ${system}`}`,
    warnings.map((warning) =>
      problem(formatProblem({ ...warning, excerpt: null }), 'tidings check shows it in its place'),
    ),
  )
}

const problemsOf = (all: readonly Examined[]) =>
  all.flatMap(({ findings }) => findings).filter(({ severity }) => severity === 'problem')

function verdict(all: readonly Examined[]): string {
  const { length } = problemsOf(all)
  if (length === 0) return 'no problems'
  return length === 1 ? '1 problem' : `${length} problems`
}
