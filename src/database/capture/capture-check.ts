import { type Finding, note, problem } from '../../base/findings.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { queueTableOf } from '../changed-table.ts'
import { creationOf, publishedTables, readSlot, type SlotState } from './capture-slot.ts'
import type { TableEntry } from './captured-tables.ts'
import { quoteName } from './replication-stream.ts'
import type { ControlConnection } from './control-connection.ts'

/** What was looked at, and what is to be seen to. */
export interface CaptureFinding extends Finding {
  /** A table in the queue, or `database`. */
  readonly topic: string
}

/** The oldest PostgreSQL whose stream has what is needed; older ones are not kept by their makers any more. */
const oldestVersion = 14

interface DatabaseState {
  readonly version: number
  readonly walLevel: string
  readonly user: string
  readonly mayReplicate: boolean
  readonly mayCreate: boolean
  readonly freeSlots: number
  readonly freeSenders: number
  readonly keepsLogWithoutEnd: boolean
  readonly isStandby: boolean
}

const stateOfDatabase = `
select current_setting('server_version_num')::int / 10000 as version, current_setting('wal_level') as "walLevel",
  current_user::text as "user",
  (select rolreplication or rolsuper from pg_roles where rolname = current_user) as "mayReplicate",
  has_database_privilege(current_database(), 'create') as "mayCreate",
  current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots)::int as "freeSlots",
  current_setting('max_wal_senders')::int - (select count(*) from pg_stat_replication)::int as "freeSenders",
  current_setting('max_slot_wal_keep_size') = '-1' as "keepsLogWithoutEnd",
  pg_is_in_recovery() as "isStandby"`

/** What keeps these tables from being captured, or makes less of it. Changes nothing. */
export async function checkCapture(
  client: ControlConnection,
  slot: string,
  entries: readonly TableEntry[],
): Promise<CaptureFinding[]> {
  const { rows } = await client.query<DatabaseState>(stateOfDatabase)
  const state = rows[0] as DatabaseState
  const slotState = await readSlot(client, slot)
  const about = (topic: string, findings: readonly Finding[]): CaptureFinding[] =>
    findings.map((finding) => ({ ...finding, topic }))
  return [
    ...about('database', [
      ...ofDatabase(state),
      ...ofSlot(state, slot, slotState),
      ...(await ofPublication(client, state, slot, entries)),
    ]),
    ...entries.flatMap((entry) => about(queueTableOf(entry), ofTable(entry))),
  ]
}

/** Throws DATABASE_REFUSED with all that keeps them from being captured: before anything is made of it. */
export async function requireCapture(
  client: ControlConnection,
  slot: string,
  entries: readonly TableEntry[],
): Promise<void> {
  const problems = (await checkCapture(client, slot, entries)).filter(
    ({ severity }) => severity === 'problem',
  )
  if (problems.length === 0) return
  const lines = problems.map(({ topic, what, remedy }) => `${topic}: ${what} → ${remedy}`)
  throw new TidingsError('DATABASE_REFUSED', lines.join('\n'))
}

function ofDatabase(state: DatabaseState): Finding[] {
  const findings: Finding[] = []
  if (state.version < oldestVersion)
    findings.push(
      problem(`it is PostgreSQL ${state.version}`, `update it to ${oldestVersion} or newer`),
    )
  if (state.isStandby)
    findings.push(problem('it is a standby', 'name the primary, where changes are made'))
  if (state.walLevel !== 'logical')
    findings.push(
      problem(
        `wal_level is ${state.walLevel}: the log has no rows in it`,
        `alter system set wal_level = 'logical'; and start the database again`,
      ),
    )
  if (!state.mayReplicate)
    findings.push(
      problem(
        `the role ${state.user} may not replicate`,
        `alter role ${quoteName(state.user)} replication`,
      ),
    )
  if (state.freeSenders < 1)
    findings.push(problem('max_wal_senders is used up', 'raise it and start the database again'))
  return findings
}

function ofSlot(
  { freeSlots, keepsLogWithoutEnd }: DatabaseState,
  slot: string,
  state: SlotState | null,
): Finding[] {
  const findings: Finding[] = []
  if (!state && freeSlots < 1)
    findings.push(
      problem('max_replication_slots is used up', 'raise it and start the database again'),
    )
  if (state?.isLost)
    findings.push(
      note(
        `the slot ${slot} has lost its log`,
        'nothing: it is made anew, and subscribers are told to read again',
      ),
    )
  if (keepsLogWithoutEnd)
    findings.push(
      note(
        'while no capture runs, nothing bounds the log that the database keeps for the slot',
        `alter system set max_slot_wal_keep_size = '50GB'; select pg_reload_conf()`,
      ),
    )
  return findings
}

async function ofPublication(
  client: ControlConnection,
  { mayCreate, user }: DatabaseState,
  slot: string,
  entries: readonly TableEntry[],
): Promise<Finding[]> {
  const { rows } = await client.query<{ readonly isNarrow: boolean }>(
    `select coalesce(bool_or(coalesce(to_jsonb(r)->>'prqual', to_jsonb(r)->>'prattrs') is not null), false) as "isNarrow"
     from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = $1`,
    [slot],
  )
  const findings: Finding[] = []
  if (rows[0]?.isNarrow)
    findings.push(
      problem(
        `the publication ${slot} leaves out rows or columns`,
        `drop publication ${quoteName(slot)}: the capture makes one that does not`,
      ),
    )
  const published = await publishedTables(client, slot)
  const isMade =
    published?.length === entries.length && entries.every(({ oid }) => published.includes(oid))
  const foreign = isMade ? [] : entries.filter(({ isOwned }) => !isOwned)
  if (!isMade && (!mayCreate || foreign.length > 0))
    findings.push(
      problem(
        `the role ${user} may not make the publication ${slot}`,
        `let the owner of the tables run: ${published ? `drop publication ${quoteName(slot)}; ` : ''}${creationOf(slot, entries)}`,
      ),
    )
  return findings
}

function ofTable({
  identity,
  generated,
  large,
  schema,
  name,
  withoutIdentity,
}: TableEntry): Finding[] {
  const quoted = `${quoteName(schema)}.${quoteName(name)}`
  if (withoutIdentity.length > 0)
    return [
      problem(
        `nothing identifies the rows of ${withoutIdentity.join(', ')}: once it is published, each UPDATE and DELETE of it fails, in the programs that make them`,
        `give it a primary key, or: ${withoutIdentity.map((table) => `alter table ${table} replica identity full`).join('; ')}`,
      ),
    ]
  const findings: Finding[] = []
  if (identity !== 'f')
    findings.push(
      note(
        `updates come without the row before, and deletes with the key alone: who subscribes with a \`where\` on other fields does not hear that a row has left${large.length > 0 ? `. Where an update leaves a large ${large.join(', ')} as it was, its row is told to be read again` : ''}`,
        `alter table ${quoted} replica identity full`,
      ),
    )
  if (generated.length > 0)
    findings.push(
      note(
        `the database does not send the generated ${generated.join(', ')}: each row that changes is told to be read again`,
        'compute it where it is read, or by a trigger',
      ),
    )
  return findings
}
