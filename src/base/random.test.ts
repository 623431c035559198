import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { randomBytes, randomId } from './random.ts'

test('as many bytes as were asked for, others each time', () => {
  expect(randomBytes(0)).toHaveLength(0)
  expect(randomBytes(1_000)).toHaveLength(1_000)
  const ids = new Set(Array.from({ length: 1_000 }, randomId))
  expect(ids.size).toBe(1_000)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
})

test('where the device of the system may not be read, too', () => {
  const module = path.join(import.meta.dirname, 'random.ts')
  const script = `import { randomId } from ${JSON.stringify(module)}
    console.log(process.permission.has('fs.read', '/dev/urandom'), randomId(), randomId())`
  const allowed = ['--permission', `--allow-fs-read=${import.meta.dirname}`]
  const words = [...allowed, '--no-warnings', '--input-type=module', '--eval', script]
  const [mayRead, one, other] = execFileSync(process.execPath, words).toString().trim().split(' ')
  expect(mayRead).toBe('false')
  expect(one).toMatch(/^[0-9a-f]{32}$/)
  expect(other).not.toBe(one)
})
