/**
 * The bytes of a text, in memory of their own. Buffer.from() takes them from a pool of 64 KiB that lives as long as any
 * text in it; where only little is sent, a pool fills so slowly that V8 takes it for long-lived, and frees it hours later.
 */
export function ownBytes(text: string, encoding: 'utf8' | 'latin1' = 'utf8'): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text, encoding))
  bytes.write(text, encoding)
  return bytes
}
