/** A record's own field: what every object inherits is no field of it. */
export const ownField = (record: object, field: string): unknown =>
  Object.hasOwn(record, field) ? (record as Record<string, unknown>)[field] : undefined
