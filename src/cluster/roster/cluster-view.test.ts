import { expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import type { Settings } from '../../definition/settings.ts'
import type { ShownNodeState } from '../../model/cluster-snapshot.ts'
import { ClusterView } from './cluster-view.ts'

/** The view that node `a` has of three nodes; whoever it asks for figures is written down. */
function viewOf(states: Readonly<Record<string, ShownNodeState>>) {
  const asked: string[] = []
  const nodes = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]
  const settings = { system: null, node: { name: 'a' }, mode: 'mesh', link: 'relay', nodes }
  const view = new ClusterView({
    settings: settings as unknown as Settings,
    clock: systemClock,
    others: () => ['b', 'c'],
    address: () => null,
    state: (node) => states[node] ?? 'alive',
    peer: () => undefined,
    refusal: () => null,
    setup: () => ({ version: '1.0.0', keys: null, turnedAway: [] }),
    processes: () => [],
    links: () => ({ links: [], group: null }),
    whisper: (node) => asked.push(node),
  })
  return { asked, view }
}

it('shows a node that was never heard as unreachable, not as gone', () => {
  const { view } = viewOf({ b: 'unreachable', c: 'gone' })
  const shown = view.snapshot().nodes.map(({ name, state }) => `${name} ${state}`)
  expect(shown).toEqual(['a alive', 'b unreachable', 'c gone'])
})

it('waits for no figures of a node that cannot be reached', async () => {
  const { asked, view } = viewOf({ b: 'unreachable', c: 'gone' })
  await view.refresh()
  expect(asked).toEqual([])
})
