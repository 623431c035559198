/** The fields that messages of PostgreSQL's replication stream are made of, in its order of bytes. */
export const field = {
  letter: (text: string): Buffer => Buffer.from(text, 'latin1'),
  int8: (value: number): Buffer => Buffer.from([value]),
  int16: (value: number): Buffer => {
    const bytes = Buffer.alloc(2)
    bytes.writeInt16BE(value)
    return bytes
  },
  int32: (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return bytes
  },
  int64: (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(value)
    return bytes
  },
  text: (text: string): Buffer => Buffer.from(`${text}\0`),
}

/** A row: text, null, or undefined for a large value that was not changed. */
export const tupleBytes = (values: readonly (string | null | undefined)[]): Buffer =>
  Buffer.concat([
    field.int16(values.length),
    ...values.flatMap((value) => {
      if (value === undefined) return [field.letter('u')]
      if (value === null) return [field.letter('n')]
      const bytes = Buffer.from(value)
      return [field.letter('t'), field.int32(bytes.length), bytes]
    }),
  ])
