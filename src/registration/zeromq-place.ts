import type { Place } from '../model/place.ts'

/** What the place of a process says in the layer of ZeroMQ. */
export interface ZeroMQPlace {
  /** By it the platform knows the process; null: it has none, or GENESIS_CLUSTER has not handed it one yet. */
  readonly processPort: number | null
  /** Where the other processes of a mesh connect to it; null: it has not taken its ports yet. */
  readonly zeromqPort: number | null
}

/** Where both ports are null there is no place. */
export function placeOf({ processPort, zeromqPort }: ZeroMQPlace): Place | null {
  if (processPort === null) return zeromqPort === null ? null : { zeromqPort }
  return zeromqPort === null ? { processPort } : { processPort, zeromqPort }
}

/** Any place, also one in the words of another layer: it has none of these ports. */
export const portsOf = (place: Place | null): ZeroMQPlace => ({
  processPort: portIn(place, 'processPort'),
  zeromqPort: portIn(place, 'zeromqPort'),
})

function portIn(place: Place | null, name: keyof ZeroMQPlace): number | null {
  const port = place?.[name]
  return typeof port === 'number' ? port : null
}
