// docs/GUARANTEES.md says of each way into the queue what is lost and what is told when something dies, and which tests and commands show that.
import { expect, it } from 'vitest'
import { namesOfNoTest } from './harness/listed-tests.ts'
import { read } from './harness/pages.ts'

const tables = [
  ...read('docs/GUARANTEES.md').matchAll(
    /^<!-- guarantees (\S+) -->\n(.*?)^<!-- \/guarantees -->$/gms,
  ),
].map(([, name = '', text = '']) => ({ name, rows: text.trim().split('\n').slice(2) }))
const rows = tables.flatMap(({ rows: ofTable }) =>
  ofTable.map((row) => row.split('|').map((cell) => cell.trim())),
)

/** `file`: a part of the name of a test; or a command of npm. Several stand one below the other. */
const shownBy = (cell: string) =>
  cell.split('<br>').map((each) => {
    const [, file = '', name = '', command = ''] =
      /^(?:`(\S+\.test\.ts)`: (.+)|`npm run (\S+)(?: -- .+)?`)$/.exec(each) ?? []
    return { each, file, name, command }
  })
const shown = rows.flatMap(([, , , , cell = '']) => shownBy(cell))

it('docs/GUARANTEES.md has a table of each way, whose rows say what a subscriber and a live table have, and what shows it', () => {
  const ways = ['every-way', 'by-hand', 'commit', 'sqlite', 'postgres', 'triggers', 'capture']
  expect(tables.map(({ name }) => name)).toEqual(ways)
  const incomplete = rows.filter((row) => row.length !== 6 || row.slice(1, 5).includes(''))
  expect(incomplete).toEqual([])
  expect(shown.filter(({ name, command }) => !name && !command).map(({ each }) => each)).toEqual([])
})

it('each test that docs/GUARANTEES.md names is there once, and each command', async () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  expect(shown.flatMap(({ command }) => (command && !scripts[command] ? [command] : []))).toEqual(
    [],
  )
  expect(await namesOfNoTest(shown.filter(({ name }) => name))).toEqual([])
})
