import type { Origin, SourcePlace } from './source-text.ts'

/** One finding in what the operator wrote. Secrets stand in it as ***. */
export interface Problem {
  /** As it was given; null where no file is concerned (an object, an option). */
  readonly file: string | null
  /** From 1; null with `column` where no single place is concerned. */
  readonly line: number | null
  /** From 1, in UTF-16 units. */
  readonly column: number | null
  /** What is wrong and what was expected. */
  readonly message: string
  /** The line with a caret under the place; null where there is none, or a secret may stand in it. */
  readonly excerpt: string | null
}

export function problemAt(place: SourcePlace, message: string): Problem {
  const { line, column } = place.source.positionOf(place.offset)
  return {
    file: place.source.name,
    line,
    column,
    message,
    excerpt: place.source.excerptAt(place.offset),
  }
}

/** A finding that no place of a file can be named for. */
export function problemOf(message: string, file: string | null = null): Problem {
  return { file, line: null, column: null, message, excerpt: null }
}

/** `file:line:column: message`, and the excerpt below it. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== null)
  const head = place.length > 0 ? `${place.join(':')}: ${problem.message}` : problem.message
  return problem.excerpt === null ? head : `${head}\n${problem.excerpt}`
}

/** In the order of the files as they were met, each from its top; equal ones once. */
export function orderedProblems(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))]
  const seen = new Set<string>()
  const distinct = problems.filter((problem) => {
    const key = JSON.stringify([problem.file, problem.line, problem.column, problem.message])
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
  return distinct.sort(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER) ||
      (a.column ?? Number.MAX_SAFE_INTEGER) - (b.column ?? Number.MAX_SAFE_INTEGER) ||
      0,
  )
}

/** A finding at an origin: the place in its file, or the path in its object. */
export function problemFrom(origin: Origin, message: string): Problem {
  if (origin.kind === 'path') return problemOf(`${origin.path}: ${message}`)
  return problemAt(origin.place, origin.path === null ? message : `${origin.path}: ${message}`)
}
