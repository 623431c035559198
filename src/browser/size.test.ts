import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { expect, it } from 'vitest'

it('the client is one file that imports nothing, of less than 3 KiB as a page loads it', async () => {
  const build = await rolldown({ input: join(import.meta.dirname, 'index.ts') })
  const { output } = await build.generate({ minify: true })
  await build.close()
  const [client, ...others] = output
  expect(others).toEqual([])
  expect([...client.imports, ...client.dynamicImports]).toEqual([])
  expect(client.code).not.toMatch(/\bprocess\b|\brequire\b|node:/)
  expect(gzipSync(client.code).length).toBeLessThan(3 * 1024)
})
