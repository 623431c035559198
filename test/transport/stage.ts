import { afterEach } from 'vitest'
import type { NodeProcess as Node } from './node-process.ts'
import { NodeProcess } from './node-process.ts'
import type { PeerOptions } from './peer.ts'
import { Peer } from './peer.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** Undone after the test, the latest first. */
export function cleanUp(cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

export async function startNode(options: Parameters<Node['run']>[0] = {}): Promise<Node> {
  const node = await NodeProcess.start(options)
  cleanUp(() => node.kill())
  return node
}

export function newPeer(node: Node, options: PeerOptions = {}): Peer {
  const peer = new Peer(node, options)
  cleanUp(() => peer.transport.close(0))
  return peer
}

export async function openPeer(node: Node, options: PeerOptions = {}): Promise<Peer> {
  const peer = newPeer(node, options)
  await peer.open()
  return peer
}
