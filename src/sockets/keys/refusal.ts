import type { Refusal } from '../../model/shut-out.ts'

export type { Refusal } from '../../model/shut-out.ts'

/** What is so, and what to do about it. */
const sentences: Readonly<Record<Refusal, readonly [what: string, remedy: string]>> = {
  'no key here': [
    'demands a key, and this process has none',
    'give it the definition of that one, with its TidingsKeyFile',
  ],
  'no key there': [
    'has no key, and this process demands one',
    'give both the same TidingsKeyFile, and start that one again',
  ],
  'another key': [
    'has another key, none of our TidingsKeyFile fits',
    'compare the public keys that `tidings check` prints on both sides',
  ],
  'not listed': [
    'does not let in the address that this connection comes from',
    'its definition does not list this host',
  ],
}

/** Of `who` answers there, for people: what is so, and what to do. */
export function refusalParts(refusal: Refusal, who: string): [what: string, remedy: string] {
  const [what, remedy] = sentences[refusal]
  return [`${who} ${what}`, remedy]
}

/** The same in one sentence. */
export const refusalText = (refusal: Refusal, who: string): string =>
  refusalParts(refusal, who).join(': ')

/** Who came to a port of ours: without a key to one that demands one (or the other way round), or with another one. */
export type Misfit = 'no key' | 'another key'
