import { isUtf8 } from 'node:buffer'
import { TidingsError } from '../base/tidings-error.ts'
import { ChangeReader } from '../lines/change-reader.ts'
import type { NewChange } from '../model/reset.ts'
import { RefusedRequest } from '../streams/refused-request.ts'
import type { Turn } from './turn.ts'

/** A commit of a body, with where it stands. */
export interface BodyCommit {
  /** From 1; null: it is all of the body. */
  readonly line: number | null
  readonly place: string
  /** Characters. */
  readonly text: number
  readonly changes: NewChange[]
}

const byteOrderMark = '\ufeff'

/**
 * The commits of a body: one of JSON, or one a line. All of it is read before any of it is published.
 * @throws RefusedRequest 400 with the line and the field
 */
export async function bodyCommits(
  body: Buffer,
  isOfLines: boolean,
  table: string | undefined,
  turn: Turn,
): Promise<BodyCommit[]> {
  const reader = new ChangeReader({ table })
  const commits: BodyCommit[] = []
  for (const [index, text] of textsOf(body, isOfLines).entries()) {
    if (isOfLines && text.trim() === '') continue
    const line = isOfLines ? index + 1 : null
    const place = line === null ? 'body' : `line ${line}`
    try {
      commits.push({ line, place, text: text.length, changes: reader.commit(text, place) })
      await turn.after(text.length)
    } catch (error) {
      throw RefusedRequest.of(TidingsError.from(error), { line, published: 0 })
    }
  }
  if (commits.length === 0)
    throw new RefusedRequest(400, 'the body has no commit', { published: 0 })
  return commits
}

/** `\n` alone ends a line: U+2028 and a lone `\r` may stand in a JSON text. */
function textsOf(body: Buffer, isOfLines: boolean): string[] {
  if (!isUtf8(body)) throw new RefusedRequest(400, 'the body is not UTF-8', { published: 0 })
  const text = body.toString('utf8')
  const unmarked = text.startsWith(byteOrderMark) ? text.slice(1) : text
  return isOfLines ? unmarked.split('\n') : [unmarked]
}
