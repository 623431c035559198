import type { Links } from './links.ts'

/** The links of nodes that are not linked: updates stay on their node. */
export const noLinks: Links = {
  open() {},
  async close() {},
  renew: () => false,
  states: () => ({ links: [], group: null }),
  async closeAll() {},
}
