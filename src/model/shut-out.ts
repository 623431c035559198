/**
 * Why the other end of a connection does not let us in, though it is there.
 * `no key here`: it demands a key and we have none; `no key there`: the other way round; `another key`: none of ours
 * fits; `not listed`: its access list does not have our address.
 */
export const refusals = ['no key here', 'no key there', 'another key', 'not listed'] as const

export type Refusal = (typeof refusals)[number]
