/** Characters of an incarnation: 16 bytes in hexadecimal. */
const incarnationLength = 32

/** Whom a request is for, as the frame behind it; none: it is for everybody. */
export const packAddressees = (publishers: readonly string[] | null): readonly Uint8Array[] =>
  publishers === null ? [] : [Buffer.from(publishers.join(''), 'latin1')]

/** Null: everybody. */
export function unpackAddressees(frame: Buffer | undefined): string[] | null {
  if (frame === undefined) return null
  const text = frame.latin1Slice()
  return Array.from({ length: text.length / incarnationLength }, (_, index) =>
    text.slice(index * incarnationLength, (index + 1) * incarnationLength),
  )
}
