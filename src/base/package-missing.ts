import { TidingsError } from './tidings-error.ts'

interface WantedPackage {
  /** Who cannot do without, as the message begins. */
  readonly neededBy: string
  readonly name: string
  /** What `npm install` is to be given. */
  readonly install: string
}

/**
 * What `import()` of a package fails with where whoever needs it has not installed it.
 * It is for a `.catch()` right behind the `import()`: a bundler (esbuild) takes one without it for
 * a package that every user must have, and refuses to bundle a program that does without.
 * @throws TidingsError PACKAGE_MISSING
 */
export const packageMissing =
  ({ neededBy, name, install }: WantedPackage) =>
  (error: unknown): never => {
    const [why = ''] = (error as Error).message.split('\n')
    throw new TidingsError(
      'PACKAGE_MISSING',
      `${neededBy} needs the package ${name}, which cannot be loaded (${why}): install it beside tidings with \`npm install ${install}\``,
      { cause: error },
    )
  }
