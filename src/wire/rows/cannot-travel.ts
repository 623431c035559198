import { memberPath, shownPath } from '../../base/exact-json.ts'
import { asTidingsError, TidingsError } from '../../base/tidings-error.ts'

/** A value that cannot travel. Who knows of which record it is tells it as a TidingsError. */
export class CannotTravel extends Error {
  /** From the record on, e.g. `.LINES[0]`. */
  readonly path: string
  readonly why: string

  constructor(path: string, why: string, cause?: unknown) {
    super(why, cause === undefined ? undefined : { cause })
    this.path = path
    this.why = why
  }

  /** The same of a value that stands further down. */
  below(key: string): CannotTravel {
    return new CannotTravel(memberPath(key) + this.path, this.why, this.cause)
  }
}

/** What to ask of a function of this name: an object that has one named `then` can be awaited. */
export const isAwaitMissing = (key: string | number): string =>
  key === 'then' ? ': is an await missing?' : ''

/** What a getter, `toJSON` or a Proxy threw while a value was read. */
export function cannotRead(path: string, reason: unknown): CannotTravel {
  const said = reason instanceof Error ? reason.message : String(reason)
  return new CannotTravel(path, `cannot be read: ${said}`, reason)
}

/** What was thrown while a field of this name was looked at. */
export function atField(name: string, reason: unknown): unknown {
  if (reason instanceof CannotTravel) return reason.below(name)
  return reason instanceof TidingsError ? reason : cannotRead(memberPath(name), reason)
}

/** `of`: record or before. What is none of ours was thrown by the code of the application. */
export function refusedField(of: string, reason: unknown): TidingsError {
  if (reason instanceof TidingsError) return reason
  const { path, why, cause } = reason instanceof CannotTravel ? reason : cannotRead('', reason)
  // A call of the queue from inside of a getter: its own code says more.
  const told = asTidingsError(cause)
  const said = told ? `cannot be read: ${told.text}` : why
  return new TidingsError(
    told?.code ?? 'VALUE_UNSUPPORTED',
    `\`${shownPath(of + path)}\` ${said}`,
    cause === undefined ? {} : { cause },
  )
}
