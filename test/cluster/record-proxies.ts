/** Imported before the sources: the bus and the links are given proxies that a test can end from below. */
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    const wanted = specifier === 'zeromq' && context.parentURL?.endsWith('/native-proxy.ts')
    return next(wanted ? new URL('recorded-proxy.ts', import.meta.url).href : specifier, context)
  },
})
const { proxies } = await import('./recorded-proxy.ts')

export { proxies }
