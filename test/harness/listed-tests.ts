import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { repository } from './child.ts'

/** A test, by a part of its full name that no other test of its file has. */
export interface NamedTest {
  /** Below the repository. */
  readonly file: string
  readonly name: string
}

/** Which of these names are not those of one test: a sentence for each. Nothing is run. */
export async function namesOfNoTest(named: readonly NamedTest[]): Promise<string[]> {
  const files = [...new Set(named.map(({ file }) => file))]
  const words = ['node_modules/vitest/vitest.mjs', 'list', ...files, '--json', '--no-static-parse']
  const options = { maxBuffer: 2 ** 26, cwd: repository }
  const { stdout } = await promisify(execFile)(process.execPath, words, options)
  const listed = JSON.parse(stdout) as readonly NamedTest[]
  return named.flatMap(({ file, name }) => {
    const those = listed.filter(
      (each) => each.file.endsWith(`/${file}`) && each.name.replaceAll(' > ', ' ').includes(name),
    )
    return those.length === 1 ? [] : [`${those.length} tests of ${file} are named ${name}`]
  })
}
