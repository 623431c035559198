/** The schema whose tables go by their name alone. */
const plainSchema = 'public'

/**
 * What a table of PostgreSQL is called in the queue: as in its catalog, where what was written without quotes is in
 * small letters. Beside the schema `public` it has its schema before it: `trade`, `Order`, `audit.trade`.
 */
export const queueTable = (schema: string, table: string): string =>
  schema === plainSchema ? table : `${schema}.${table}`

/** A table of PostgreSQL by its names in the catalog. */
export interface CatalogName {
  readonly schema: string
  readonly name: string
}

export const queueTableOf = ({ schema, name }: CatalogName): string => queueTable(schema, name)

/** The inverse. A name with a dot in it is of another schema. */
export function schemaAndTable(queueName: string): [schema: string, table: string] {
  const dot = queueName.indexOf('.')
  return dot < 0 ? [plainSchema, queueName] : [queueName.slice(0, dot), queueName.slice(dot + 1)]
}
