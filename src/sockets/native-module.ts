import path from 'node:path'
import { TidingsError } from '../base/tidings-error.ts'

/**
 * Proves that zeromq.js and its native library can be loaded, before anything is imported that needs
 * them. Nothing else of this package does: the memory transport goes without.
 * @throws TidingsError ZEROMQ_UNAVAILABLE, with the platform and what to do
 */
export async function requireNativeModule(): Promise<void> {
  if (areAddonsDisabled()) throw unavailable('native addons are disabled in this process')
  try {
    await import('zeromq')
  } catch (error) {
    // The loader's own message goes on with the files that it tried and its stack.
    const [why = ''] = (error as Error).message.split('\n')
    throw unavailable(why, error)
  }
}

/** Asked of Node itself: `--no-addons` may stand in NODE_OPTIONS, `--permission` in a file. */
function areAddonsDisabled(): boolean {
  try {
    process.dlopen({ exports: {} }, path.resolve('no-such-addon.node'))
    return false
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_DLOPEN_DISABLED'
  }
}

function unavailable(why: string, cause?: unknown): TidingsError {
  const platform = `${process.platform} ${process.arch}, Node ${process.versions.node}`
  return new TidingsError(
    'ZEROMQ_UNAVAILABLE',
    `the native library of zeromq cannot be loaded here (${platform}): ${why}. ${remedy(why, cause)}`,
    { cause },
  )
}

function remedy(why: string, cause: unknown): string {
  if (cause === undefined) {
    return isPermissionModelOn()
      ? 'Start Node with --allow-addons beside --permission'
      : 'Start Node without --no-addons (also in NODE_OPTIONS)'
  }
  if (isPermissionModelOn() && why.includes('--allow-fs-read')) {
    return 'Start Node with --allow-fs-read for node_modules and --allow-addons'
  }
  const { code } = cause as { code?: string }
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    return 'Install it beside tidings (`npm install zeromq`); a bundler has to leave zeromq out of the bundle (external)'
  }
  return 'Install the packages anew on this platform (`npm ci`), or build the library for it: `npm rebuild zeromq --build-from-source` with CMake and a C++ compiler'
}

function isPermissionModelOn(): boolean {
  return (process as { permission?: unknown }).permission !== undefined
}
