import { zeromqPortOffset } from '../base/process-port.ts'
import { styleText } from 'node:util'
import { hostPort } from '../base/host-port.ts'
import type { EffectiveItem, SettingsReport } from '../definition/settings-report.ts'
import { formatProblem } from '../definition/problem.ts'
import type { Problem } from '../definition/problem.ts'
import { isForNode, servicePortOf } from '../definition/service-port.ts'
import type { MqttSettings, Settings } from '../definition/settings.ts'

type Styler = (format: Parameters<typeof styleText>[0], text: string) => string

/** The report of `tidings check` for people, in colours where the stream shows them. */
export function formatReport(report: SettingsReport, stream: NodeJS.WritableStream): string {
  const style = styleFor(stream)
  const sections = [
    itemsSection(report, style),
    report.settings && section('This node', meaning(report.settings), style),
    problemsSection('Notes', 'cyan', report.notes, style),
    problemsSection('Warnings', 'yellow', report.warnings, style),
    problemsSection('Errors', 'red', report.errors, style),
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}

/** Plain text where the stream is no terminal, or the environment wants no colours. */
function styleFor(stream: NodeJS.WritableStream): Styler {
  const terminal = stream as Partial<NodeJS.WriteStream>
  const isColourful = terminal.isTTY === true && terminal.hasColors?.() === true
  return (format, text) => (isColourful ? styleText(format, text, { validateStream: false }) : text)
}

const section = (title: string, lines: readonly string[], style: Styler) =>
  [style('bold', title), ...lines.map((line) => `  ${line}`)].join('\n')

function itemsSection({ items }: SettingsReport, style: Styler): string {
  if (items.length === 0) return section('Items', ['none: the defaults hold'], style)
  const width = (of: (item: EffectiveItem) => string) =>
    Math.max(...items.map((item) => of(item).length))
  const nameWidth = width(({ name }) => name)
  const valueWidth = Math.min(
    maxValueColumns,
    width(({ value }) => oneLine(value)),
  )
  const lines = items.map((item) => {
    const { name, value, level, file, line, used } = item
    const shown = oneLine(value).padEnd(valueWidth)
    const place = file === null ? '' : `  ${file}:${line}`
    const row = `${name.padEnd(nameWidth)}  ${shown}  ${level.padEnd('global'.length)}${place}`
    return used ? row : style('dim', `${row}  (not used here)`)
  })
  return section('Items', lines, style)
}

/** Values are padded so far; what is longer shifts its own row only. */
const maxValueColumns = 40

const oneLine = (value: string) => JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"')

function problemsSection(
  title: string,
  colour: 'cyan' | 'yellow' | 'red',
  problems: readonly Problem[],
  style: Styler,
): string | null {
  if (problems.length === 0) return null
  const lines = problems.flatMap((problem) => formatProblem(problem).split('\n'))
  return section(style(colour, title), lines, style)
}

/** What the settings mean for this node, in sentences. */
function meaning(settings: Settings): string[] {
  const { node, nodes, hostsQuery, system, layer, mqtt } = settings
  const where = system === null ? '' : ` of the system ${system}`
  const names = nodes.map(({ name }) => name).join(', ')
  const listed = nodes.length === 1 ? 'the only node' : `one of ${nodes.length} nodes (${names})`
  const which = hostsQuery === null ? listed : `one of those at the addresses of ${hostsQuery}`
  const lines = [`This node is ${node.name}, ${which}${where}.`]
  if (layer === 'MQTT') {
    if (mqtt) lines.push(...mqttMeaning(mqtt))
  } else lines.push(...zeromqMeaning(settings))
  if (settings.services.length > 0) lines.push(servicesMeaning(settings))
  return lines
}

function zeromqMeaning(settings: Settings) {
  const { mode, link, multicast, node, http, processPorts, connectViaLoopback, keys } = settings
  const { ports } = node
  const lines = [
    mode === 'proxy'
      ? 'Mode proxy: its processes talk through GENESIS_CLUSTER.'
      : 'Mode mesh: each of its processes connects to each other one.',
    `GENESIS_CLUSTER binds: inbound ${ports.inbound}, outbound ${ports.outbound}, ` +
      `membership ${ports.cluster}, registration ${ports.registry}, relay ${ports.relay}, export ${ports.export}.`,
  ]
  if (http) {
    const at = `http://${hostPort(http.address, http.port)}`
    lines.push(`It answers /healthz, /readyz and /metrics at ${at}.`)
  }
  if (link === 'relay') {
    lines.push('Link relay: updates go to each other node point to point, at once.')
  } else if (multicast) {
    lines.push(
      `Link multicast: updates go to the other nodes by the group ${multicast.group}, UDP port ${multicast.port}.`,
    )
  } else lines.push('Link none: there is no other node.')
  const { first, last } = processPorts
  lines.push(
    `It hands out process ports from ${first} to ${last} (ZeroMQ ${first + zeromqPortOffset} to ${last + zeromqPortOffset}).`,
  )
  if (connectViaLoopback) lines.push('Its processes reach each other through the loopback address.')
  lines.push(keysMeaning(keys))
  return lines
}

/** Public keys may be shown: nobody comes in without the secret. */
function keysMeaning(keys: Settings['keys']): string {
  if (!keys) return 'No keys: nothing is encrypted, and every user of its hosts may connect.'
  const [own, ...others] = keys.ring.map((pair) => pair.public)
  const rest = others.length === 0 ? '' : ` Accepted too: ${others.join(' ')}`
  return `Keys: all is encrypted, and nobody without one comes in. The public key of its ports is ${own}${rest}`
}

/** The port that each process takes on this node, and whose it is where the definitions name another host. */
function servicesMeaning({ services, node }: Settings): string {
  const ports = new Map<string, string>()
  for (const { process } of services) {
    const taken = servicePortOf(services, process, node.name)
    if (taken === null || ports.has(process)) continue
    const { port, host, external } = taken
    const of = `${isForNode(taken, node.name) ? '' : `, given for ${host}`}${external ? ', external' : ''}`
    ports.set(process, `${process} ${port} (ZeroMQ ${port + zeromqPortOffset}${of})`)
  }
  return `Process ports on this node, by the service definitions: ${[...ports.values()].join(', ')}. A process with an instance is handed out another one.`
}

function mqttMeaning({ brokerUrls, qos, queueNamePattern, clientId }: MqttSettings): string[] {
  const at = brokerUrls.map(shownUrl).join(' or ')
  const [example, root] = ['TRADE', '~'].map((table) =>
    queueNamePattern.replace('{{TABLE_NAME}}', table),
  )
  return [
    `Updates go through the MQTT broker at ${at}, quality of service ${qos}: those of TRADE on the topic ${example}.`,
    `What else its processes say to each other is below ${root}. No GENESIS_CLUSTER is needed.`,
    `Their client ids are ${clientId}${clientId.includes('{{INCARNATION}}') ? '' : ', followed by the instance, if any, and a part of the incarnation'}.`,
  ]
}

/** Without credentials: they are none of a report's business. */
function shownUrl(text: string): string {
  const url = new URL(text)
  return `${url.protocol}//${url.host}`
}
