import { fileURLToPath } from 'node:url'

export default {
  cacheComponents: true,
  partialPrefetching: true,
  cacheHandlers: { default: fileURLToPath(new URL('cache-handler.js', import.meta.url)) },
  serverExternalPackages: ['tidings', 'zeromq'],
}
