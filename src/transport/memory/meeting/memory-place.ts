import type { Place } from '../../../model/place.ts'

/** The place of a process in memory: nobody listens at its port, and it is there for applications that look at theirs. */
export const memoryPlace = (port: number): Place => ({ port })

/** null: it has no place, or one without a port. */
export function memoryPortOf(place: Place | null): number | null {
  const port = place?.['port']
  return typeof port === 'number' ? port : null
}
