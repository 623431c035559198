import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Found } from './campaign.ts'
import type { Finding } from './judge.ts'

const script = fileURLToPath(new URL('bombs-child.ts', import.meta.url))

/** Out of the channel buffers come as plain arrays of bytes. */
const withBuffers = (finding: Finding): Finding => ({
  ...finding,
  input: finding.input.map((frame) => Buffer.from(frame)),
})

/**
 * Gives these targets the inputs that promise much, in a process of its own: they come near to the
 * limits of time, and where V8 counts which code was reached they take three times as long.
 */
export async function explode(seed: number, targets: readonly string[]): Promise<Found[]> {
  const child = fork(script, [String(seed), ...targets], { serialization: 'advanced' })
  const all: Found[] = []
  child.on('message', (found: Found) => {
    all.push({ ...found, findings: found.findings.map(withBuffers) })
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  if (code !== 0) throw new Error(`the inputs that promise much ended with ${code ?? signal}`)
  return all
}
