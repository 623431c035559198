import { loadPackage } from '../base/load-package.ts'

const wanted = { neededBy: 'tidings gateway', name: 'fastify', install: 'fastify@5' }

/** @throws TidingsError PACKAGE_MISSING */
export async function loadFastify(): Promise<(typeof import('fastify'))['fastify']> {
  const { fastify } = await loadPackage(wanted, () => import('fastify'))
  return fastify
}
