import type { IncomingHttpHeaders } from 'node:http'
import { didYouMean } from '../base/nearest.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { exactJson } from '../lines/change-reader.ts'
import type { TableFields } from '../queue/table-fields.ts'
import { RefusedRequest } from '../streams/refused-request.ts'
import type { StreamForm } from '../streams/stream-frame.ts'
import { type TypedWhere, typedWhere } from './typed-where.ts'

/** What a stream is asked for. */
export interface StreamRequest {
  readonly form: StreamForm
  readonly tables: readonly string[] | '*'
  readonly where: TypedWhere | undefined
  readonly select: TableFields | undefined
  /** Where the reader has stopped; null: it begins now. */
  readonly lastEventId: string | null
  /** The same for all that can share a feed. */
  readonly key: string
}

const parameters = ['tables', 'where', 'select']

/** As a client wants events: lines where it says so. */
export const formOf = ({ accept }: IncomingHttpHeaders): StreamForm =>
  accept?.includes('application/x-ndjson') ? 'ndjson' : 'sse'

/** @throws RefusedRequest 400 with the parameter that is wrong */
export function streamRequest(query: URLSearchParams, headers: IncomingHttpHeaders): StreamRequest {
  for (const name of query.keys())
    if (!parameters.includes(name))
      throw new RefusedRequest(
        400,
        `there is no parameter "${name}"${didYouMean(name, new Set(parameters)) || `; there are ${parameters.join(', ')}`}`,
      )
  const form = formOf(headers)
  const tables = tablesOf(query)
  const [where, select] = [textOf(query, 'where'), textOf(query, 'select')]
  const lastEventId = headers['last-event-id']
  try {
    return {
      form,
      tables,
      where: where === null ? undefined : typedWhere(exactJson(where, 'where')),
      select: select === null ? undefined : selectOf(select),
      lastEventId: typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : null,
      key: JSON.stringify([form, tables, where, select]),
    }
  } catch (error) {
    throw RefusedRequest.of(TidingsError.from(error))
  }
}

/** None, or `*`: all. In one order, so that who asks for the same shares a feed. */
function tablesOf(query: URLSearchParams): readonly string[] | '*' {
  const given = query.getAll('tables').flatMap((names) => names.split(','))
  if (given.includes('*') || given.length === 0) return '*'
  return [...new Set(given)].toSorted()
}

function textOf(query: URLSearchParams, name: string): string | null {
  const [text, second] = query.getAll(name)
  if (second !== undefined) throw new RefusedRequest(400, `\`${name}\` stands there twice`)
  return text ?? null
}

/** Names of fields parted by commas, or an object with these for each table. */
function selectOf(text: string): TableFields {
  if (!text.trimStart().startsWith('{')) return text.split(',')
  const select = exactJson(text, 'select')
  if (isPlainObject(select)) return select
  throw new TidingsError('USAGE', 'select must be fields, or an object of them for each table')
}
