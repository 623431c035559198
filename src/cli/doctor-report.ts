import type { Examined, Finding } from '../doctor/finding.ts'
import { styled } from './terminal.ts'

/** What was found of one topic, for people: what is in order in one line, else what is so and what to do. */
export function examinedLines(
  { topic, fine, findings, skipped }: Examined,
  stream: NodeJS.WriteStream,
): string {
  const lines = [
    ...(skipped === null ? [] : [styled(stream, 'dim', `–  ${topic}: not looked at, ${skipped}`)]),
    ...(fine === null ? [] : [`${styled(stream, 'green', '✓')}  ${topic}: ${fine}`]),
    ...findings.flatMap((finding) => findingLines(topic, finding, stream)),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** A finding of a topic in two lines: what is so, and what to do. */
export function findingLines(
  topic: string,
  { severity, what, remedy }: Finding,
  stream: NodeJS.WriteStream,
): string[] {
  const sign = severity === 'problem' ? styled(stream, 'red', '✗') : styled(stream, 'yellow', '!')
  return [`${sign}  ${topic}: ${what}`, `   → ${remedy}`]
}
