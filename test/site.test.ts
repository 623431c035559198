// The site of the documentation has all pages. `npm run docs` builds it, and finds links that lead nowhere.
import { expect, it } from 'vitest'
import { groups } from '../site/.vitepress/groups.ts'
import { pages, read, readmes } from './harness/pages.ts'

it('has each page once, in a group', () => {
  const listed = groups.flatMap((group) => group.pages)
  expect(new Set(listed).size).toBe(listed.length)
  expect(listed).toEqual(expect.arrayContaining([...pages, ...readmes]))
})

it('has a home page with parts of README.md that are there', () => {
  const included = [...read('site/index.md').matchAll(/@include: \.\.\/README\.md#(\S+)-->/g)]
  const readme = read('README.md')
  const regions = included.map(([, name = '']) => {
    const [, behind = ''] = readme.split(`<!-- #region ${name} -->`)
    return behind.split(`<!-- #endregion ${name} -->`)
  })
  for (const parts of regions) expect(parts).toHaveLength(2)
  const text = regions.map(([part]) => part).join('')
  for (const word of [
    'npm ci && npm run demo',
    'npm ci && npm test',
    '**After commit.**',
    '**No silent loss.**',
  ])
    expect(text).toContain(word)
})
