// What 'use cache' keeps: in the memory of each process, as without it, and none of it longer than until an update comes.
import { expireTags, lastChange } from './expirations.js'

const most = 1000
/** Whole entries, and those that are being made; the one that was made first comes first. */
const entries = new Map()

export default {
  async get(key) {
    const entry = await entries.get(key)
    if (!entry) return undefined
    // It may have read before the change, though it ended behind it: what counts is when it was begun.
    if (lastChange(entry.tags) >= Math.floor(entry.timestamp)) return undefined
    if (Date.now() > entry.timestamp + entry.revalidate * 1000) return undefined
    return { ...entry, value: new Blob([entry.bytes]).stream() }
  },
  async set(key, pending) {
    const making = whole(pending).catch(() => undefined)
    entries.delete(key)
    entries.set(key, making)
    if (entries.size > most) entries.delete(entries.keys().next().value)
    const entry = await making
    if (!entry && entries.get(key) === making) entries.delete(key)
  },
  async refreshTags() {},
  async getExpiration(tags) {
    return lastChange(tags)
  },
  /** For `revalidateTag()` in this process. The others hear of it when the database has changed. */
  async updateTags(tags) {
    expireTags(tags)
  },
}

async function whole(pending) {
  const { value, ...entry } = await pending
  return { ...entry, bytes: await new Response(value).arrayBuffer() }
}
