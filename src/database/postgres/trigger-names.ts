/** What `tidings postgres install` makes in a database is called so. */
export const triggerNames = {
  /** The schema of the functions. */
  schema: 'tidings',
  /** Tells each change of a row when its transaction commits. */
  rowFunction: 'tell_row',
  truncateFunction: 'tell_truncate',
  rowTrigger: 'tidings_row',
  truncateTrigger: 'tidings_truncate',
  /** Says what a session without the adapter has changed; an empty payload: there are other triggers. */
  channel: 'tidings',
} as const

/** At the end of `application_name` of a session whose changes the adapter publishes. */
export const adapterMark = '[tidings]'

/** The code of the messages in which a session with the adapter is told its changes. */
export const changeCode = 'TIDGS'

/** Gives a session the mark, behind as much of its `application_name` as PostgreSQL keeps then. */
export const markSession = `
  select set_config('application_name', ltrim(left(name, 62 - ${adapterMark.length}) || ' ${adapterMark}'), false)
  from current_setting('application_name') as name
  where right(name, ${adapterMark.length}) <> '${adapterMark}'`

/** Takes the mark away again. */
export const unmarkSession = `
  select set_config('application_name', rtrim(left(name, -${adapterMark.length})), false)
  from current_setting('application_name') as name
  where right(name, ${adapterMark.length}) = '${adapterMark}'`

/** Tells the listeners that tables have changed: each of a list of JSON texts, `["public","trade"]`. */
export const notifyChanged = `select pg_notify('${triggerNames.channel}', each) from unnest($1::text[]) as each`
