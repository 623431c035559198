import { TidingsError } from './tidings-error.ts'

interface WantedPackage {
  /** Who cannot do without, as the message begins. */
  readonly neededBy: string
  readonly name: string
  /** What `npm install` is to be given. */
  readonly install: string
}

/**
 * A package that is installed by whoever needs it, and loaded only then: `load` imports it.
 * @throws TidingsError PACKAGE_MISSING
 */
export async function loadPackage<Loaded>(
  { neededBy, name, install }: WantedPackage,
  load: () => Promise<Loaded>,
): Promise<Loaded> {
  try {
    return await load()
  } catch (error) {
    const [why = ''] = (error as Error).message.split('\n')
    throw new TidingsError(
      'PACKAGE_MISSING',
      `${neededBy} needs the package ${name}, which cannot be loaded (${why}): install it beside tidings with \`npm install ${install}\``,
      { cause: error },
    )
  }
}
