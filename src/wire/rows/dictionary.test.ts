import { expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { Dictionary } from './dictionary.ts'

/** Texts of which many fall into one slot: they differ in what a slot does not look at. */
function texts(random: () => number): string {
  const middle = Math.floor(random() * 40)
  if (random() < 0.05) return ''
  if (random() < 0.1) return ' '.repeat(1 + middle)
  return random() < 0.5 ? `A${middle}ZZ` : `${'AB'[middle % 2]}${middle % 7}`
}

it('W3: gives each text the index of its first use, also after some were taken back', () => {
  const random = seededRandom(3)
  const dictionary = new Dictionary()
  for (let segment = 0; segment < 200; segment++) {
    const tally = { bytes: 0 }
    dictionary.clear()
    dictionary.begin(tally)
    const known: string[] = []
    for (let row = 0; row < 200; row++) {
      if (random() < 0.02) {
        known.length = Math.floor(random() * (known.length + 1))
        dictionary.truncate(known.length)
      }
      const text = texts(random)
      if (!known.includes(text)) known.push(text)
      expect(dictionary.indexOf(text)).toBe(known.indexOf(text))
      expect(dictionary.isSingle && dictionary.only !== known[0]).toBe(false)
    }
    expect(dictionary.entries).toEqual(known)
    const characters = known.reduce((sum, text) => sum + text.length, 0)
    expect(tally.bytes).toBe(2 + 5 * known.length + characters)
  }
})

it('W3: is given up for a text that is too long, or one too many', () => {
  const dictionary = new Dictionary()
  dictionary.begin({ bytes: 0 })
  expect(dictionary.indexOf(' '.repeat(256))).toBe(-1)
  for (let index = 0; index < 1024; index++) expect(dictionary.indexOf(`T${index}`)).toBe(index)
  expect(dictionary.indexOf('one more')).toBe(-1)
  expect(dictionary.indexOf('T7')).toBe(7)
  dictionary.truncate(3)
  expect(dictionary.indexOf(' '.repeat(256))).toBe(-1)
})
