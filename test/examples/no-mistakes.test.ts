// The programs of examples/ compile, and lint finds nothing in them, beside the packages that they name.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { repository } from '../harness/child.ts'
import { exampleFolder } from '../harness/example.ts'
import { compileSamples, complaints } from '../harness/sample.ts'

endProcessesAfterEach()

const examples = join(repository, 'examples')
const names = readdirSync(examples).filter((name) =>
  existsSync(join(examples, name, 'package.json')),
)

/** What the compiler says: by the example's own options, where it has some. JavaScript is built by the test of the example. */
function compiled(folder: string): string {
  if (existsSync(join(folder, 'tsconfig.json')))
    return complaints(folder, 'tsc', '-p', folder, '--noEmit')
  return readdirSync(folder).some((name) => name.endsWith('.ts')) ? compileSamples(folder) : ''
}

it.each(names)('examples/%s compiles, and lint finds nothing in it', (name) => {
  const folder = exampleFolder(name)
  expect(compiled(folder)).toBe('')
  // Modules of NestJS are classes without members.
  const allowed = ['--allow', 'no-console', '--allow', 'typescript/no-extraneous-class']
  const rules = ['-c', join(repository, '.oxlintrc.json'), ...allowed]
  const where = ['--ignore-pattern', 'node_modules', '.']
  const words = ['--type-aware', '--deny-warnings', ...rules, ...where]
  expect(complaints(folder, 'oxlint', ...words)).toBe('')
})

it('examples/README.md tells of each, and each has a test', () => {
  const page = readFileSync(join(examples, 'README.md'), 'utf8')
  expect(names.filter((name) => !page.includes(`\n## ${name}\n`))).toEqual([])
  const tests = readdirSync(import.meta.dirname)
  expect(names.filter((name) => !tests.includes(`${name}.test.ts`))).toEqual([])
})
