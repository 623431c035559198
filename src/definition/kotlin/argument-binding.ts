import type { Value } from './expression-evaluator.ts'
import { nearest } from '../../base/nearest.ts'
import type { CallStatement, Expression } from './syntax.ts'
import type { Complaint } from '../token.ts'

/** An argument's value and where it stands. Kotlin's null is the empty text. */
export interface BoundArgument {
  readonly text: string
  readonly start: number
  /** Why the text is that of the file, and not a value. */
  readonly unread: Complaint | null
}

export interface BindingContext {
  evaluate(expression: Expression): Value
  /** Of a value that may be kept unread: why it is. */
  attempt(expression: Expression): Value | Complaint
  /** The text of the file. */
  source(start: number, end: number): string
  error(offset: number, message: string): void
  warning(offset: number, message: string): void
}

/**
 * Gives the arguments of a call to its parameters, in Kotlin's way: a positional argument belongs to
 * the parameter at its own place in the list, whether those before it were named or not. An argument
 * that is refused is missing in the result, so a caller goes on without it. Those of the parameters
 * `kept` are not refused: their texts are kept, with what there is to say against them.
 */
export function bindArguments(
  call: CallStatement,
  known: readonly string[],
  required: readonly string[],
  context: BindingContext,
  kept: readonly string[] = [],
): Map<string, BoundArgument> {
  const bound = new Map<string, BoundArgument>()
  const given = new Set<string>()
  for (const [index, argument] of call.arguments.entries()) {
    const name = argument.name ?? known[index]
    const value =
      name !== undefined && kept.includes(name)
        ? context.attempt(argument.value)
        : context.evaluate(argument.value)
    if (name === undefined) {
      const parameters = known.join(', ')
      context.error(argument.start, `"${call.name}" takes at most ${known.length}: ${parameters}`)
    } else if (given.has(name)) {
      context.error(argument.start, `"${name}" is given twice`)
    } else if (!known.includes(name)) {
      const meant = judgeUnknown(call, name, argument.start, known, context)
      if (meant !== null) given.add(meant)
    } else if (typeof value === 'object' && value !== null) {
      const { start } = argument.value
      bound.set(name, { text: context.source(start, argument.end), start, unread: value })
    } else if (value !== undefined) {
      bound.set(name, { text: value ?? '', start: argument.value.start, unread: null })
    }
    if (name !== undefined) given.add(name)
  }
  const missing = required.filter((name) => !given.has(name))
  if (missing.length > 0 && call.complete) {
    context.error(
      call.start,
      `"${call.name}" needs ${missing.join(' and ')}: ${example(call.name)}`,
    )
  }
  return bound
}

/** Slips are errors; what is like no parameter may belong to another version and is let pass. */
function judgeUnknown(
  call: CallStatement,
  name: string,
  start: number,
  known: readonly string[],
  context: BindingContext,
): string | null {
  const meant = nearest(name, known)
  const message = `"${call.name}" has no argument "${name}": expected ${known.join(', ')}`
  if (meant === null) context.warning(start, `${message}; it is not used here`)
  else context.error(start, `${message}; did you mean "${meant}"?`)
  return meant
}

function example(call: string): string {
  switch (call) {
    case 'item':
      return 'item(name = "…", value = "…")'
    case 'link':
      return 'link(name = "…", source = "…")'
    default:
      return `${call}(name = "…")`
  }
}
