// The command line amid what Unix does to it: input that cannot be read, signals, full disks, numbers beyond 2⁵³.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { command, TestCluster } from '../harness/test-cluster.ts'
import { scratchDirectory } from '../harness/scratch.ts'

endProcessesAfterEach()

async function readyTail(cluster: TestCluster, ...words: string[]): Promise<Child> {
  const child = cluster.command(['tail', ...words])
  await child.says(/^ready$/m)
  return child
}

const records = (output: string): unknown[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { record: unknown }).record)

describe('publish', () => {
  it('takes a line separator within a string, a byte order mark and \\r\\n', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, 'A', '--count', '3')
    const input = '\ufeff{"a":1}\r\n{"a":"x\u2028y"}\r\n\n{"a":3}'
    expect(await cluster.run(['publish', 'A'], input)).toMatchObject({ code: 0 })
    await tail.ended
    expect(records(tail.output)).toEqual([{ a: 1 }, { a: 'x\u2028y' }, { a: 3 }])
  })

  it('keeps whole numbers of 64 bits, in records and as version, and refuses others by line and field', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, '--count', '3')
    const single =
      '{"ID":9007199254740993,"IN":{"L":[-9223372036854775808,1.2345678901234567e17]},"F":0.1}'
    expect(await cluster.run(['publish', 'A', single])).toMatchObject({ code: 0 })
    const updates = [
      '{"table":"A","record":{"n":1},"version":9223372036854775807}',
      '{"table":"A","record":{"n":2},"version":"-9007199254740993"}',
      '{"table":"A","record":{"n":3},"version":9223372036854775808}',
    ]
    const published = await cluster.run(['publish', '--updates'], updates.join('\n'))
    expect(published.code).toBe(2)
    expect(published.log).toContain(
      'stdin:3: `version` must be a number that 64 bits hold, got 9223372036854775808',
    )
    expect(published.log.match(/\[[A-Z_]+\]/g)).toEqual(['[USAGE]'])
    await tail.ended
    const lines = tail.output.trim().split('\n')
    expect(records(tail.output)[0]).toEqual({
      ID: '9007199254740993',
      IN: { L: ['-9223372036854775808', '123456789012345670'] },
      F: 0.1,
    })
    expect(lines[1]).toContain('"version":"9223372036854775807"')
    expect(lines[2]).toContain('"version":"-9007199254740993"')
    for (const [record, told] of [
      ['{"HUGE":1e400}', 'RECORD: `HUGE` must be a number that 64 bits hold, got 1e400'],
      ['{"A":[{"B":99999999999999999999}]}', '`A[0].B` must be'],
      ['{"A":12345678901234567890e0}', 'RECORD: `A` must be'],
      ['{"A":NaN}', 'RECORD: not JSON'],
    ] as const) {
      const refused = await cluster.run(['publish', 'A', record])
      expect(refused).toMatchObject({ code: 2 })
      expect(refused.log).toContain(told)
    }
  })

  it('refuses a line that is not UTF-8, one that is too large and JSON that nests too deep, with one code', async () => {
    const cluster = await TestCluster.start('mesh')
    const inputs: [Buffer, string][] = [
      [Buffer.from('{"a":1}\n{"a":"\xff"}\n', 'latin1'), 'stdin:2: the line is not UTF-8'],
      [Buffer.from(`{"a":"${'x'.repeat(6_000_000)}"}\n`), 'stdin:1: updates[0] of A: an update'],
      [Buffer.from(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}\n`), 'maxJsonNesting'],
    ]
    for (const [input, told] of inputs) {
      const file = join(scratchDirectory(), 'input.ndjson')
      writeFileSync(file, input)
      const publishing = redirected(cluster, `< '${file}'`, ['publish', 'A'])
      expect(await publishing.ended).toEqual({ code: 2, signal: null })
      expect(publishing.log).toContain(told)
      expect(publishing.log.match(/\[[A-Z_]+\]/g)).toHaveLength(1)
    }
  })

  it('refuses an argument that is not UTF-8, and takes U+FFFD where it was given', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, '--count', '2')
    const publish = (words: string) => redirected(cluster, words, ['publish'])
    const bytes = (text: string) => `"$(printf '${text}')"`
    for (const [words, told] of [
      [`A ${bytes(String.raw`{"a":"x\377y"}`)}`, 'RECORD is not UTF-8: publish it from stdin'],
      [`${bytes(String.raw`A\377`)} '{"a":1}'`, 'TABLE is not UTF-8'],
    ] as const) {
      const publishing = publish(words)
      expect(await publishing.ended, publishing.log).toEqual({ code: 2, signal: null })
      expect(publishing.log).toContain(told)
    }
    for (const record of ['{"a":"x\ufffdy"}', String.raw`{"a":"x\ufffdy"}`])
      expect(await cluster.run(['publish', 'A', record])).toMatchObject({ code: 0 })
    await tail.ended
    expect(records(tail.output)).toEqual([{ a: 'x\ufffdy' }, { a: 'x\ufffdy' }])
  })

  it('fails where its input cannot be read', async () => {
    const cluster = await TestCluster.start('mesh')
    const folder = scratchDirectory()
    // A folder, and a file that is open for writing alone.
    for (const redirection of [`< '${folder}'`, `0> '${join(folder, 'file')}'`]) {
      const publishing = redirected(cluster, redirection, ['publish', 'A'])
      expect(await publishing.ended).toEqual({ code: 1, signal: null })
      expect(publishing.log).toContain('stdin cannot be read')
      expect(publishing.log).not.toMatch(/^ {4}at /m)
    }
  })

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s amid the input ends it with %d, after what it has read', async (signal, code) => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, 'A')
    const publishing = cluster.command(['publish', 'A'])
    publishing.process.stdin?.write('{"a":1}\n{"a":2}\n{"a":')
    await eventually('both have come', () => records(tail.output).length === 2)
    expect(await publishing.end(signal)).toEqual({ code, signal: null })
    expect(publishing.log).toContain(`interrupted by ${signal}: 2 updates published`)
    await tail.end('SIGINT')
  })
})

describe('tail', () => {
  it('into a full disk ends with 1 and a sentence, and confirms nothing', async () => {
    if (!existsSync('/dev/full')) return
    const cluster = await TestCluster.start('mesh')
    const tail = redirected(cluster, '> /dev/full', ['tail', 'A'])
    await tail.says(/^ready$/m)
    const published = await cluster.run(['publish', 'A', '{"a":1}'])
    expect(await tail.ended).toEqual({ code: 1, signal: null })
    expect(tail.log).toMatch(/stdout cannot be written: .*no space left/)
    expect(tail.log).not.toMatch(/^ {4}at /m)
    expect(published.log).not.toContain('confirmed by 1 subscriber')
  })
})

/** With its input or output redirected by a shell, e.g. `< file`. */
function redirected(cluster: TestCluster, redirection: string, words: readonly string[]): Child {
  const { host } = cluster.node()
  return new Child({
    name: `tidings ${words[0]}`,
    program: 'sh',
    arguments: [
      '-c',
      `exec "$0" "$@" ${redirection}`,
      process.execPath,
      command,
      ...words,
      '--definition',
      cluster.definition,
      '--host',
      host,
    ],
    ipc: false,
    keepsOutput: true,
  })
}
