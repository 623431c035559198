/** A record of a given size. */
export type GrowthRecord = { readonly ID: number; readonly TEXT: string }

/** What `{"ID":…,"TEXT":"…"}` takes without the text, with an ID of six digits. */
const frameBytes = JSON.stringify({ ID: 100_000, TEXT: '' }).length

/** Texts are cut from here, so that no two records beside each other have the same. */
const source = randomText(256 * 1024)

/** The record of that number, of so many bytes as JSON; the ID has up to six digits. */
export function growthRecord(index: number, bytes: number): GrowthRecord {
  const length = Math.max(0, bytes - frameBytes)
  const begin = (index * 7919) % (source.length - length)
  return { ID: 100_000 + (index % 900_000), TEXT: source.slice(begin, begin + length) }
}

/** The same in each process and each run: Lehmer's generator (Park and Miller, 1988). */
function randomText(length: number): string {
  let state = 42
  const characters: string[] = []
  while (characters.length < length) {
    state = (state * 48_271) % 2_147_483_647
    characters.push(String.fromCharCode(97 + (state % 26)))
  }
  return characters.join('')
}
