/**
 * The syntax tree of a definition. Every node knows the offset where it starts. It may hold more than
 * a definition means (unknown blocks keep their content); what it means is the evaluator's business.
 */
import type { Complaint } from '../token.ts'

export interface StringExpression {
  readonly kind: 'string'
  readonly start: number
  /** Text and templates, in turn. */
  readonly parts: readonly (string | Expression)[]
}

/** A number, boolean or character as the text it stands for. */
interface LiteralExpression {
  readonly kind: 'literal'
  readonly start: number
  readonly text: string
}

interface NullExpression {
  readonly kind: 'null'
  readonly start: number
}

/** `LOCAL_HOST`, `it`, or any other name; `a.b.c` is one name. */
export interface NameExpression {
  readonly kind: 'name'
  readonly start: number
  readonly name: string
  /** As messages may show it. */
  readonly shown: string
}

/** `env["X"]`, `env["X", "default"]`. */
interface EnvExpression {
  readonly kind: 'env'
  readonly start: number
  readonly variable: Expression
  readonly fallback: Expression | null
}

/** `System.getenv("X")`. */
interface GetenvExpression {
  readonly kind: 'getenv'
  readonly start: number
  readonly variable: Expression
}

/** `first ?: second`. */
interface ElvisExpression {
  readonly kind: 'elvis'
  readonly start: number
  readonly first: Expression
  readonly second: Expression
}

/** `subject.takeIf { it.isNotBlank() }`. */
export interface TakeIfExpression {
  readonly kind: 'takeIf'
  readonly start: number
  readonly subject: Expression
  readonly predicate: 'isNotBlank' | 'isNotEmpty'
}

/** Any other call: kept, for unknown blocks may hold it, and refused where a value is needed. */
interface CallExpression {
  readonly kind: 'call'
  readonly start: number
  readonly name: string
  readonly shown: string
}

/** A value that this reader does not understand, but whose end it has found. */
interface UnreadExpression {
  readonly kind: 'unread'
  readonly start: number
  readonly complaint: Complaint
}

export type Expression =
  | StringExpression
  | LiteralExpression
  | NullExpression
  | NameExpression
  | EnvExpression
  | GetenvExpression
  | ElvisExpression
  | TakeIfExpression
  | CallExpression
  | UnreadExpression

export interface Argument {
  readonly start: number
  /** Null: a positional one. */
  readonly name: string | null
  readonly value: Expression
  /** Where its value ends. */
  readonly end: number
}

/** `name(arguments) { block }`, of which the arguments or the block may be missing. */
export interface CallStatement {
  readonly kind: 'call'
  readonly start: number
  readonly name: string
  readonly shown: string
  readonly arguments: readonly Argument[]
  /** False: something in the arguments was refused, so that a missing one is no second mistake. */
  readonly complete: boolean
  readonly block: readonly Statement[] | null
}

/** `name = value`: kept in unknown blocks, refused elsewhere. */
interface AssignmentStatement {
  readonly kind: 'assignment'
  readonly start: number
  readonly name: string
  readonly shown: string
}

/** `subject?.let { block }`. */
interface ConditionalStatement {
  readonly kind: 'conditional'
  readonly start: number
  readonly subject: Expression
  readonly block: readonly Statement[]
}

export type Statement = CallStatement | AssignmentStatement | ConditionalStatement
