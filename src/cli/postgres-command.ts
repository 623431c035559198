import type { Client } from 'pg'
import { TidingsError } from '../base/tidings-error.ts'
import { tableLines } from '../base/text-table.ts'
import { connectClient } from '../database/pg-client.ts'
import { install, installationScript, remove } from '../database/postgres/installation.ts'
import { triggerStatus } from '../database/postgres/trigger-status.ts'
import { exitCode } from './exit-code.ts'
import { say } from './terminal.ts'

interface DatabaseOptions {
  readonly url?: string
}

/** `tidings postgres install`: the triggers of these tables, or with `print` their SQL. */
export async function postgresInstall(
  tables: readonly string[],
  { print = false, ...options }: DatabaseOptions & { readonly print?: boolean },
): Promise<number> {
  if (print) {
    process.stdout.write(installationScript(tables))
    return exitCode.done
  }
  const notes = await withClient(options, (client) => install(client, tables))
  for (const { table, warning } of notes)
    say(`${table}: ${warning === null ? 'installed' : `installed; ${warning}`}`)
  return exitCode.done
}

/** `tidings postgres remove`: takes the triggers of these tables away, or of all. */
export async function postgresRemove(
  tables: readonly string[],
  options: DatabaseOptions,
): Promise<number> {
  const removed = await withClient(options, (client) => remove(client, tables))
  if (removed.length === 0) say('no table has a trigger')
  for (const table of removed) say(`${table}: removed`)
  return exitCode.done
}

/** `tidings postgres status`: which tables are told of, and what is wrong. */
export async function postgresStatus({
  json = false,
  ...options
}: DatabaseOptions & { readonly json?: boolean }): Promise<number> {
  const status = await withClient(options, triggerStatus)
  const { tables, publishing, listening, problems } = status
  if (json) process.stdout.write(`${JSON.stringify(status)}\n`)
  else {
    const rows = tables.map((each) => [each.table, each.problems.join('; ') || 'told'])
    for (const line of tableLines(['table', 'state'], rows)) process.stdout.write(`${line}\n`)
    process.stdout.write(
      `\nconnections that publish: ${publishing}\nprocesses that listen: ${listening}\n`,
    )
    for (const problem of problems) process.stdout.write(`problem: ${problem}\n`)
  }
  const isRight = problems.length === 0 && tables.every((each) => each.problems.length === 0)
  return isRight && tables.length > 0 ? exitCode.done : exitCode.no
}

async function withClient<Result>(
  { url }: DatabaseOptions,
  run: (client: Client) => Promise<Result>,
): Promise<Result> {
  const connectionString = url ?? process.env['DATABASE_URL']
  let lost: Error | null = null
  const client = await connectClient(
    connectionString === undefined ? {} : { connectionString },
    (error) => {
      lost = error
    },
  )
  try {
    return await run(client)
  } catch (error) {
    if (error instanceof TidingsError) throw error
    throw new TidingsError(
      'DATABASE_FAILED',
      `the database says: ${(lost ?? (error as Error)).message}`,
      {
        cause: error,
      },
    )
  } finally {
    await client.end()
  }
}
