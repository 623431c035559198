/** Z85 (RFC 32, https://rfc.zeromq.org/spec/32/): four bytes as five printable characters, as ZeroMQ writes keys. */
const digits =
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

const valueOf: ReadonlyMap<string, number> = new Map(
  digits.split('').map((digit, value) => [digit, value]),
)

const bytesInGroup = 4
const digitsInGroup = 5

/** Of a length that is a multiple of four. */
export function encodeZ85(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += bytesInGroup) {
    let value = bytes.readUInt32BE(at)
    let group = ''
    for (let digit = 0; digit < digitsInGroup; digit++) {
      group = (digits[value % digits.length] ?? '') + group
      value = Math.floor(value / digits.length)
    }
    text += group
  }
  return text
}

/** null: the text is no Z85. */
export function decodeZ85(text: string): Buffer | null {
  if (text.length % digitsInGroup !== 0) return null
  const bytes = Buffer.alloc((text.length / digitsInGroup) * bytesInGroup)
  for (let group = 0; group * digitsInGroup < text.length; group++) {
    let value = 0
    for (const digit of text.slice(group * digitsInGroup, (group + 1) * digitsInGroup)) {
      const worth = valueOf.get(digit)
      if (worth === undefined) return null
      value = value * digits.length + worth
    }
    if (value > 0xff_ff_ff_ff) return null
    bytes.writeUInt32BE(value, group * bytesInGroup)
  }
  return bytes
}
