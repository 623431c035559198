import { Socket } from 'node:net'
import type { MqttClient } from 'mqtt'

/** What is written leaves at once, and does not wait for more. A stream over WebSocket has no such switch. */
export function withoutDelay({ stream }: MqttClient): void {
  if (stream instanceof Socket) stream.setNoDelay(true)
}
