import { packageMissing } from '../base/package-missing.ts'

const wanted = { neededBy: 'tidings gateway', name: 'fastify', install: 'fastify@5' }

/** @throws TidingsError PACKAGE_MISSING */
export async function loadFastify(): Promise<(typeof import('fastify'))['fastify']> {
  const { fastify } = await import('fastify').catch(packageMissing(wanted))
  return fastify
}
