import type { Definition, Findings, Scope } from '../definition.ts'
import { emptyDefinition, globalScope, hostNamed, systemNamed } from '../definition.ts'
import { ExpressionEvaluator } from './expression-evaluator.ts'
import type { It, Surroundings } from './expression-evaluator.ts'
import { bindArguments } from './argument-binding.ts'
import type { BindingContext, BoundArgument } from './argument-binding.ts'
import { nearest } from '../../base/nearest.ts'
import { notAProgram } from './expression-parser.ts'
import { knownItemNames } from '../items/known-items.ts'
import { parse } from './parser.ts'
import { problemAt } from '../problem.ts'
import type { Origin, SourceText } from '../source-text.ts'
import type { CallStatement, Statement } from './syntax.ts'
import type { Complaint } from '../token.ts'

/**
 * Reads a definition in Kotlin's notation (`genesis-system-definition.kts`) into `definition`. Total:
 * whatever the text is, what can be understood of it is added and all mistakes are in `findings`.
 */
export function readKotlinDefinition(
  source: SourceText,
  definition: Definition,
  surroundings: Surroundings,
  findings: Findings,
): void {
  const { statements, complaints } = parse(source)
  const evaluator = new DefinitionEvaluator(source, definition, surroundings, findings)
  evaluator.evaluateFile(statements)
  const allComplaints = [...complaints, ...evaluator.values.complaints]
  if (allComplaints.length > 0 || evaluator.hasErrors) definition.damaged.push(source)
  for (const { offset, message } of allComplaints) {
    findings.errors.push(problemAt({ source, offset }, message))
  }
}

/** Which calls a block may hold. Others are kept and not used, unless they look like one of these. */
const grammar: ReadonlyMap<string, readonly string[]> = new Map([
  ['the file', ['systemDefinition']],
  ['systemDefinition', ['global', 'systems']],
  ['global', ['item', 'link', 'vault']],
  ['systems', ['system']],
  ['system', ['hosts', 'item', 'link', 'vault']],
  ['hosts', ['host']],
  ['host', ['item', 'link', 'vault']],
])

const knownCalls = new Set([...grammar.values()].flat())

/** Where evaluation is: the block, what applies in it, and the value of `it`. */
interface Context {
  readonly block: string
  readonly scope: Scope
  readonly it: It
  readonly definition: Definition
}

class DefinitionEvaluator {
  readonly values: ExpressionEvaluator
  readonly #source: SourceText
  readonly #definition: Definition
  readonly #findings: Findings
  #found = false
  hasErrors = false

  constructor(
    source: SourceText,
    definition: Definition,
    surroundings: Surroundings,
    findings: Findings,
  ) {
    this.values = new ExpressionEvaluator(surroundings)
    this.#source = source
    this.#definition = definition
    this.#findings = findings
  }

  evaluateFile(statements: readonly Statement[]): void {
    const definition = this.#definition
    this.#evaluateBlock(statements, { block: 'the file', scope: globalScope, it: null, definition })
    if (!this.#found && !this.hasErrors)
      this.#error(0, 'expected systemDefinition { … }: the file has none')
  }

  #evaluateBlock(statements: readonly Statement[], context: Context): void {
    for (const statement of statements) {
      switch (statement.kind) {
        case 'call':
          this.#evaluateCall(statement, context)
          break
        case 'assignment':
          this.#error(statement.start, `"${statement.shown} = …": ${notAProgram}`)
          break
        case 'conditional': {
          const it = this.values.evaluate(statement.subject, context.it)
          // A block that is left out is still read for its mistakes, into a definition nobody sees.
          const taken = typeof it === 'string'
          const definition = taken ? context.definition : emptyDefinition()
          this.#evaluateBlock(statement.block, { ...context, it: it ?? '', definition })
          break
        }
      }
    }
  }

  #evaluateCall(call: CallStatement, context: Context): void {
    if (!grammar.get(context.block)?.includes(call.name)) return this.#judgeUnknown(call, context)
    switch (call.name) {
      case 'systemDefinition':
        this.#found = true
        context.definition.origins.push(this.#originAt(call.start))
        return this.#enter(call, context, {})
      case 'global':
      case 'systems':
      case 'hosts':
        return this.#enter(call, context, {})
      case 'system':
        return this.#evaluateSystem(call, context)
      case 'host':
        return this.#evaluateHost(call, context)
      case 'item':
        return this.#evaluateItem(call, context, 'value', 'value')
      case 'link':
        return this.#evaluateItem(call, context, 'link', 'source')
      case 'vault':
        context.definition.vaults.push(context.scope)
    }
  }

  #enter(call: CallStatement, context: Context, change: Partial<Context>): void {
    const takesName = call.name === 'system' || call.name === 'host'
    const [first] = call.arguments
    if (!takesName && first) this.#error(first.start, `"${call.name}" takes no arguments`)
    if (call.block === null && !takesName) {
      return this.#error(call.start, `expected "{" after "${call.name}"`)
    }
    this.#evaluateBlock(call.block ?? [], { ...context, block: call.name, ...change })
  }

  #evaluateSystem(call: CallStatement, context: Context): void {
    const name = this.#nameOf(call, context)
    if (name === null) return this.#evaluateUnnamed(call, context)
    systemNamed(context.definition, name, this.#originAt(call.start))
    this.#enter(call, context, { scope: { level: 'system', system: name, host: null } })
  }

  #evaluateHost(call: CallStatement, context: Context): void {
    const name = this.#nameOf(call, context)
    const { system } = context.scope
    if (name === null || system === null) return this.#evaluateUnnamed(call, context)
    const origin = this.#originAt(call.start)
    const host = hostNamed(systemNamed(context.definition, system, origin), name, origin)
    this.#enter(call, context, { scope: { level: 'host', system, host: host.name } })
  }

  /** A system or host that cannot be named is read for its mistakes only. */
  #evaluateUnnamed(call: CallStatement, context: Context): void {
    this.#enter(call, context, { definition: emptyDefinition() })
  }

  #nameOf(call: CallStatement, context: Context): string | null {
    const name = this.#bind(call, context, ['name'], ['name']).get('name')
    if (name === undefined) return null
    if (name.text.trim() !== '') return name.text.trim()
    const message = `this ${call.name} has an empty name and is left out`
    this.#findings.warnings.push(problemAt(this.#placeAt(call.start), message))
    return null
  }

  #evaluateItem(
    call: CallStatement,
    context: Context,
    kind: 'value' | 'link',
    content: 'value' | 'source',
  ): void {
    const known = kind === 'value' ? ['name', 'value', 'encrypted'] : ['name', 'source']
    const bound = this.#bind(call, context, known, ['name', content], ['name', content])
    const name = bound.get('name')
    const text = bound.get(content)
    if (call.block !== null) this.#error(call.start, `"${call.name}" takes no block`)
    if (name === undefined || text === undefined) return
    if (name.text.trim() === '') {
      return this.#error(name.start, `the name of this ${call.name} is empty`)
    }
    if (name.unread !== null && !this.#passes(name.unread, name.text, call.name)) return
    context.definition.items.push({
      kind,
      name: name.text.trim(),
      text: text.text,
      unread: text.unread && problemAt(this.#placeAt(text.unread.offset), text.unread.message),
      // What a name that nobody can read stands for may be a secret.
      encrypted: bound.get('encrypted')?.text === 'true' || name.unread !== null,
      scope: context.scope,
      origin: this.#originAt(call.start),
      valueOrigin: this.#originAt(text.start),
    })
  }

  /** Whether a name that is a program passes: not where it is meant to be one that is used here. */
  #passes({ offset, message }: Complaint, name: string, call: string): boolean {
    const words = name.replaceAll('_', '').split(/\W+/)
    if (words.some((word) => nearest(word, knownItemNames) !== null)) {
      this.#error(offset, message)
      return false
    }
    const unused = `the name of this ${call} cannot be read, so it is not used here: ${message}`
    this.#findings.warnings.push(problemAt(this.#placeAt(offset), unused))
    return true
  }

  #bind(
    call: CallStatement,
    context: Context,
    known: readonly string[],
    required: readonly string[],
    kept: readonly string[] = [],
  ): Map<string, BoundArgument> {
    const binding: BindingContext = {
      evaluate: (expression) => this.values.evaluate(expression, context.it),
      attempt: (expression) => this.values.attempt(expression, context.it),
      source: (start, end) => this.#source.text.slice(start, end),
      error: (offset, message) => this.#error(offset, message),
      warning: (offset, message) =>
        this.#findings.warnings.push(problemAt(this.#placeAt(offset), message)),
    }
    return bindArguments(call, known, required, binding, kept)
  }

  #judgeUnknown({ name, shown, start, block }: CallStatement, context: Context): void {
    const expected = grammar.get(context.block) ?? []
    const where = context.block === 'the file' ? 'at the top of the file' : `in ${context.block}`
    const meant = nearest(name, expected)
    if (knownCalls.has(name) || meant !== null) {
      const list = expected.map((word) => `"${word}"`).join(', ')
      const hint = meant === null ? '' : `; did you mean "${meant}"?`
      this.#error(start, `"${shown}" does not belong ${where}: expected ${list}${hint}`)
      // What stands in it is read for its mistakes, as what it was most likely meant to be.
      const as = knownCalls.has(name) ? name : (meant ?? name)
      const unseen = { ...context, block: as, definition: emptyDefinition() }
      if (grammar.has(as) && block !== null) this.#evaluateBlock(block, unseen)
      return
    }
    const what = block === null ? `"${shown}(…)"` : `the block "${shown} { }"`
    const message = `${what} ${where} is not known here and not used`
    this.#findings.notes.push(problemAt(this.#placeAt(start), message))
  }

  #placeAt(offset: number) {
    return { source: this.#source, offset }
  }

  #originAt(offset: number): Origin {
    return { kind: 'place', place: this.#placeAt(offset), path: null }
  }

  #error(offset: number, message: string): void {
    this.hasErrors = true
    this.#findings.errors.push(problemAt(this.#placeAt(offset), message))
  }
}
