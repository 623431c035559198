import { expect, it } from 'vitest'
import { fewestFreeForQueue, requireFileDescriptors } from './file-descriptors.ts'

it('refuses to begin where libzmq would end the process, and says what to raise', () => {
  const limit = 64
  const open = limit - fewestFreeForQueue
  expect(() => requireFileDescriptors(fewestFreeForQueue, { limit, open })).not.toThrow()
  expect(() => requireFileDescriptors(fewestFreeForQueue, { limit, open: open + 1 })).toThrow(
    expect.objectContaining({
      code: 'FILE_LIMIT_TOO_LOW',
      category: 'fatal',
      message: expect.stringContaining('ulimit -n'),
    }),
  )
})

it('goes on where the system does not tell', () => {
  expect(() => requireFileDescriptors(fewestFreeForQueue, null)).not.toThrow()
})
