/**
 * Another implementation of ZRE, zyre.js, which prints what it sees: `node zyre.ts NAME INTERFACE PORT BEACON-PORT`. It is
 * written for version 5 of zeromq, whose interface version 6 has beside its own.
 */
import { createRequire, registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'zeromq' && context.parentURL?.includes('/zyre.js/')
      ? next('zeromq/v5-compat', context)
      : next(specifier, context),
})

interface Zyre {
  on(event: string, heard: (...said: readonly unknown[]) => void): void
  start(): Promise<void>
  join(group: string): void
}

const Zyre = createRequire(import.meta.url)('zyre.js') as new (options: object) => Zyre

const [name, iface, port, beaconPort] = process.argv.slice(2)
const zyre = new Zyre({ name, iface, port: Number(port), bport: Number(beaconPort) })
for (const event of ['connect', 'join', 'disconnect', 'expired'])
  zyre.on(event, (...said) => console.log(event, JSON.stringify(said)))
await zyre.start()
zyre.join('TIDINGS')
console.log('ready')
