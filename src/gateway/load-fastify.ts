import { TidingsError } from '../base/tidings-error.ts'

/**
 * The package fastify, which is installed by whoever runs a gateway: it is loaded when it is needed.
 * @throws TidingsError PACKAGE_MISSING
 */
export async function loadFastify(): Promise<(typeof import('fastify'))['fastify']> {
  try {
    const { fastify } = await import('fastify')
    return fastify
  } catch (error) {
    const [why = ''] = (error as Error).message.split('\n')
    throw new TidingsError(
      'PACKAGE_MISSING',
      `tidings gateway needs the package fastify, which cannot be loaded (${why}): install it beside tidings with \`npm install fastify@5\``,
      { cause: error },
    )
  }
}
