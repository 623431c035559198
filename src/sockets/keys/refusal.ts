/**
 * Why the other end of a connection does not let us in, though it is there.
 * `no key here`: it demands a key and we have none; `no key there`: the other way round; `another key`: none of ours
 * fits; `not listed`: its access list does not have our address.
 */
export type Refusal = 'no key here' | 'no key there' | 'another key' | 'not listed'

const sentences: Readonly<Record<Refusal, string>> = {
  'no key here':
    'demands a key, and this process has none: give it the definition of that one, with its TidingsKeyFile',
  'no key there':
    'has no key, and this process demands one: give both the same TidingsKeyFile, and start that one again',
  'another key':
    'has another key, none of our TidingsKeyFile fits: compare the public keys that `tidings check` prints on both sides',
  'not listed':
    'does not let in the address that this connection comes from: its definition does not list this host',
}

/** `who` answers there, for people. */
export const refusalText = (refusal: Refusal, who: string): string => `${who} ${sentences[refusal]}`

/** Who came to a port of ours: without a key to one that demands one (or the other way round), or with another one. */
export type Misfit = 'no key' | 'another key'
