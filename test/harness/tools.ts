import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { hasCpuLimit } from './cpu-limit.ts'
import { hasDataLayers } from './data-layers.ts'
import { container, libfaketime } from './place.ts'
import { postgresPrograms } from './postgres.ts'
import { programPath } from './program-path.ts'
import { rabbitmqServer } from './rabbitmq.ts'

/** The system's Python has the system's packages, also where another one comes first. */
const pythons = ['python3', '/usr/bin/python3']

const runs = (program: string, ...words: string[]): boolean => {
  try {
    execFileSync(program, words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** How each is tried: by what the tests do with it, since also who is root may not be allowed to. */
const trials = {
  container: () => runs(container.before[0] ?? '', ...container.before.slice(1), 'true'),
  network: () => runs('unshare', '--net', 'ip', 'link', 'set', 'lo', 'up'),
  nft: () => runs('unshare', '--net', 'nft', 'add table inet t'),
  mount: () => runs('unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'),
  cgroup: hasCpuLimit,
  setpriv: () => runs('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'true'),
  faketime: () => existsSync(libfaketime),
  python: () => python() !== null,
  paho: () => pythonWithPaho() !== null,
  'systemd-notify': () => runs('systemd-notify', '--version'),
  'systemd-analyze': () => runs('systemd-analyze', '--version'),
  postgres: () => postgresPrograms() !== null,
  'data-layers': hasDataLayers,
  mosquitto: () => programPath('mosquitto') !== null,
  rabbitmq: () => existsSync(rabbitmqServer),
  zsh: () => runs('zsh', '-c', 'zmodload zsh/zpty'),
  fish: () => runs('fish', '--version'),
  curl: () => runs('curl', '--version'),
  chromium: () => runs('chromium', '--version'),
  openssl: () => runs('openssl', 'version'),
  prometheus: () => runs('promtool', '--version') && runs('prometheus', '--version'),
}

export type Tool = keyof typeof trials

const found = new Map<Tool, boolean>()

/**
 * For `it.runIf(available('…', 'container', 'nft'))`: true where this machine lets the test use all of
 * them. On a user's machine that lacks one the tests are named as not run; continuous integration must have it.
 */
export function available(what: string, ...tools: readonly Tool[]): boolean {
  const missing = tools.filter((tool) => !isThere(tool))
  return runnable(what, missing)
}

/** The same where somebody else knows what is missing. */
export function runnable(what: string, missing: readonly string[]): boolean {
  if (missing.length === 0) return true
  const lack = `there is no ${missing.join(', no ')} (Linux, root, scripts/install-test-tools.sh)`
  if (process.env['CI']) throw new Error(`${what}: ${lack}`)
  console.log(`${what}: not run, ${lack}`)
  return false
}

/** The Python that has pyzmq. */
export const python = (): string | null => pythonWith('zmq')

/** The Python that has a client of MQTT. */
export const pythonWithPaho = (): string | null => pythonWith('paho.mqtt.client')

const pythonWith = (module: string): string | null =>
  pythons.find((each) => runs(each, '-c', `import ${module}`)) ?? null

function isThere(tool: Tool): boolean {
  const known = found.get(tool) ?? trials[tool]()
  found.set(tool, known)
  return known
}
