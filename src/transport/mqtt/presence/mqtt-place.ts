import type { JsonShape } from '../../../base/json-shape.ts'
import { integer, nullable, orElse, record, text } from '../../../base/json-shape.ts'
import { maxPort } from '../../../base/process-port.ts'
import type { Place } from '../../../model/place.ts'
import type { Registration } from '../../../model/roster-entry.ts'

/** More than any broker takes. */
const maxClientIdLength = 65_535

/** The place of a process: its client id at the broker, and the port by which the platform knows it, if any. */
export function mqttPlace(clientId: string, processPort: number | null): Place {
  return processPort === null ? { clientId } : { clientId, processPort }
}

const words = nullable(
  record<{ clientId: string; processPort: number | null }>({
    clientId: text(maxClientIdLength),
    processPort: orElse(null, integer(1, maxPort)),
  }),
)

/** The field `place` of an entry in JSON. */
export const placeField: JsonShape<Pick<Registration, 'place'>> = (value) => {
  const read = words((value as { readonly place?: unknown }).place)
  if (read === undefined) return undefined
  return { place: read && mqttPlace(read.clientId, read.processPort) }
}
