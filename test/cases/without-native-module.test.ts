import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { secondCopy } from '../harness/second-copy.ts'
import { command } from '../harness/test-cluster.ts'

const script = join(import.meta.dirname, 'processes', 'memory-only.ts')
const door = join(repository, 'src', 'index.ts')

endProcessesAfterEach()

async function lines(flags: readonly string[], entry = door): Promise<string[]> {
  const child = new Child({
    name: 'memory only',
    arguments: [...flags, script, entry],
    ipc: false,
    keepsOutput: true,
  })
  expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
  return child.output.trim().split('\n')
}

it.each([
  [['--no-addons'], 'Start Node without --no-addons'],
  [['--permission', '--allow-fs-read=*'], 'Start Node with --allow-addons'],
])('with %s the memory transport works, and ZeroMQ says what to do', async (flags, remedy) => {
  const [memory, refusal] = await lines(flags)
  expect(memory).toBe('memory updates')
  expect(refusal).toContain(`${process.platform} ${process.arch}`)
  expect(refusal).toContain(remedy)
  expect(refusal).toMatch(/\[ZEROMQ_UNAVAILABLE\]$/)
})

it('where zeromq is not installed, too', async () => {
  const [memory, refusal] = await lines([], secondCopy(['zeromq']))
  expect(memory).toBe('memory updates')
  expect(refusal).toContain('npm install zeromq')
})

it('where zeromq brings no library for the platform, too', async () => {
  const entry = secondCopy(['zeromq'])
  const package_ = join(entry, '..', '..', 'node_modules', 'zeromq')
  mkdirSync(join(package_, 'build'), { recursive: true })
  const from = join(repository, 'node_modules', 'zeromq')
  for (const part of ['package.json', 'lib', 'build/manifest.json'])
    cpSync(join(from, part), join(package_, part), { recursive: true })
  const [memory, refusal] = await lines([], entry)
  expect(memory).toBe('memory updates')
  expect(refusal).toContain('Install the packages anew on this platform')
  expect(refusal).toMatch(/\[ZEROMQ_UNAVAILABLE\]$/)
})

it.each(['cluster', 'mon', 'tail'])('tidings %s says so in one sentence', async (word) => {
  const child = new Child({
    name: word,
    arguments: ['--no-addons', command, word],
    ipc: false,
  })
  expect(await child.ended).toEqual({ code: 1, signal: null })
  expect(child.log).toMatch(/^error: the native library of zeromq .* \[ZEROMQ_UNAVAILABLE\]\n$/)
})
