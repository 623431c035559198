import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { amount, count, seedNumber } from './instrument.ts'

const simulate = join(import.meta.dirname, 'simulation', 'simulate.ts')

const run = (...options: string[]) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [simulate, ...options], (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    )
  })

test('numbers are taken whole, and named when they are none', () => {
  expect([amount('0.5'), count('12'), seedNumber('0')]).toEqual([0.5, 12, 0])
  for (const text of ['0', '-1', 'x', 'Infinity']) expect(() => amount(text)).toThrow('above 0')
  for (const text of ['1.5', '-3', '']) expect(() => count(text)).toThrow('number above 0')
})

test('a command says what it does, and names what it does not know', async () => {
  expect(await run('--help')).toMatchObject({
    code: 0,
    out: expect.stringContaining('npm run simulate -- [options]') as string,
  })
  for (const [option, word] of [
    ['--bogus', "unknown option '--bogus'"],
    ['--seeds=x', "'x' is invalid"],
  ] as const)
    expect(await run(option)).toMatchObject({
      code: 2,
      err: expect.stringContaining(word) as string,
    })
})
