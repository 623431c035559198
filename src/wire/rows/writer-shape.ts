import { atField } from './cannot-travel.ts'
import { takes, typeOfValue } from './field-value.ts'
import { wireLimits } from '../limits.ts'
import { RowPlan } from './row-plan.ts'
import type { Field, FieldType } from './shape.ts'
import { recordShape } from './shape.ts'

/** The fields that a record brings: own, enumerable, with their values read once. */
export interface FieldValues {
  readonly names: readonly string[]
  readonly values: readonly unknown[]
}

/** Plans kept for the shapes and dictionaries between which a table changes. */
const maxPlans = 32

const countBytes = 2
const fieldHeaderBytes = 3

/**
 * What a table's records have looked like so far. It only widens: fields come in the order of their
 * first appearance, a field that changes its type becomes `mixed`, and records of too many fields
 * travel as one text from then on.
 */
export class WriterShape {
  private readonly indexes = new Map<string, number>()
  private readonly names: string[] = []
  private readonly types: FieldType[] = []
  private readonly wide: boolean[] = []
  private dictionaries: ReadonlySet<number> = new Set()
  private bytes = countBytes
  private whole = false
  private readonly plans = new Map<string, RowPlan>()
  private current: RowPlan | null = null

  /** Records travel as one text each. */
  get isWhole(): boolean {
    return this.whole
  }

  get size(): number {
    return this.names.length
  }

  plan(): RowPlan {
    this.current ??= this.planned()
    return this.current
  }

  /** Takes the fields in. Throws CannotTravel, then with nothing changed. */
  widen(fields: FieldValues): void {
    const found = fields.names.map((name, n) => typeOfField(name, fields.values[n]))
    if (this.whole) return
    for (const [n, name] of fields.names.entries()) {
      if (fields.values[n] !== undefined) this.admit(name, found[n] as FieldType | null)
    }
  }

  indexOf(name: string): number | undefined {
    return this.indexes.get(name)
  }

  /** From now on the texts of this field are looked through one by one. */
  testWide(field: number): void {
    if (this.wide[field] === true) return
    this.wide[field] = true
    this.current = null
  }

  /** The fields whose strings travel as indexes into a dictionary of the batch. */
  useDictionaries(fields: ReadonlySet<number>): void {
    this.dictionaries = fields
    this.current = null
  }

  private admit(name: string, type: FieldType | null): void {
    const index = this.indexes.get(name)
    if (index === undefined) return this.add(name, type ?? 'null')
    const known = this.types[index] as FieldType
    if (type === null || takes(known, type)) return
    this.types[index] = known === 'null' ? type : 'mixed'
    this.current = null
  }

  private add(name: string, type: FieldType): void {
    const nameBytes = Buffer.byteLength(name, 'utf8')
    this.bytes += fieldHeaderBytes + nameBytes
    this.current = null
    if (
      this.names.length >= wireLimits.maxFields ||
      this.bytes > wireLimits.maxShapeBytes ||
      nameBytes > wireLimits.maxFieldNameBytes ||
      !name.isWellFormed()
    ) {
      this.whole = true
      return
    }
    this.indexes.set(name, this.names.length)
    this.names.push(name)
    this.types.push(type)
    this.wide.push(false)
  }

  private planned(): RowPlan {
    const shape = this.whole ? recordShape : this.fields()
    const wide = this.whole ? [this.wide[0] ?? false] : [...this.wide]
    const key = JSON.stringify([shape.map(({ type }) => type), wide])
    const kept = this.plans.get(key)
    if (kept !== undefined) return kept
    if (this.plans.size >= maxPlans) this.plans.clear()
    const plan = new RowPlan(shape, wide)
    this.plans.set(key, plan)
    return plan
  }

  private fields(): Field[] {
    return this.names.map((name, n): Field => {
      const type = this.types[n] as FieldType
      return { name, type: type === 'string' && this.dictionaries.has(n) ? 'dictionary' : type }
    })
  }
}

function typeOfField(name: string, value: unknown): FieldType | null {
  try {
    return typeOfValue(name, value)
  } catch (reason) {
    throw atField(name, reason)
  }
}
