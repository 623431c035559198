import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

interface Group {
  readonly title: string
  readonly pages: readonly string[]
}

/** The pages in the order in which they are read. */
const inOrder: readonly Group[] = [
  {
    title: 'Begin',
    pages: ['README.md', 'examples/README.md', 'docs/DELIVERY.md', 'docs/GUARANTEES.md'],
  },
  {
    title: 'Use it',
    pages: [
      'docs/LIBRARY.md',
      'docs/LIVE.md',
      'docs/VERSIONS.md',
      'docs/ERRORS.md',
      'docs/GATEWAY.md',
      'docs/BROWSER.md',
      'docs/COMPATIBILITY.md',
    ],
  },
  {
    title: 'Databases',
    pages: ['docs/SQLITE.md', 'docs/POSTGRES.md', 'docs/CAPTURE.md', 'docs/DATA-LAYERS.md'],
  },
  {
    title: 'Run it',
    pages: [
      'docs/CLI.md',
      'docs/DEFINITION.md',
      'docs/OPERATING.md',
      'docs/OBSERVE.md',
      'docs/CONTAINERS.md',
      'deploy/README.md',
      'deploy/docker/README.md',
      'deploy/kubernetes/README.md',
      'deploy/systemd/README.md',
      'SECURITY.md',
    ],
  },
  {
    title: 'How it works',
    pages: [
      'docs/TOPOLOGY.md',
      'docs/MULTICAST.md',
      'docs/MQTT.md',
      'docs/PROTOCOL.md',
      'docs/RULES.md',
      'docs/WIRE.md',
      'docs/RELIABILITY.md',
      'bench/RESULTS.md',
      'bench/NOTES.md',
      'bench/GROWTH.md',
    ],
  },
  { title: 'The project', pages: ['CHANGELOG.md', 'CONTRIBUTING.md', 'data/README.md'] },
]

const placed = new Set(inOrder.flatMap(({ pages }) => pages))
const others = readdirSync(join(root, 'docs'))
  .map((name) => `docs/${name}`)
  .filter((page) => page.endsWith('.md') && !placed.has(page))

/** These, and behind them what has no place among them. */
export const groups: readonly Group[] =
  others.length === 0 ? inOrder : [...inOrder, { title: 'More', pages: others }]

/** What the page calls itself. */
export function titleOf(page: string): string {
  const [, title = page] = /^# (.*)$/m.exec(readFileSync(join(root, page), 'utf8')) ?? []
  return title
}
