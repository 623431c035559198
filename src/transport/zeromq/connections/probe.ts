import { randomBytes } from '../../../base/random.ts'
import type { Condition } from '../../condition.ts'

const probeLimits = {
  /** Publishing is held for the probe at most this long; replay covers what is lost then. */
  timeoutMs: 1_000,
  /** First pause before the probe is sent again; each is twice the one before. */
  pauseMs: 5,
  longestPauseMs: 100,
} as const

const magic = Buffer.from('\x02tidings probe\0', 'latin1')
const nonceBytes = 16

/**
 * A user message that a publisher sends up its own XSUB on the outbound port and waits for on its
 * own XPUB at the inbound port. What a pipe carries stays in order, so every subscription that the
 * inbound port knew has come before it. (A subscription as a last one does not do: libzmq sends
 * cached subscriptions in no usable order.)
 */
export class Probe {
  readonly #frame = Buffer.concat([magic, randomBytes(nonceBytes)])
  #heard = false

  /** True for everybody's probes: they are for nobody but the one who sent them. */
  static is(frame: Buffer): boolean {
    return (
      frame.length === magic.length + nonceBytes &&
      frame.compare(magic, 0, magic.length, 0, magic.length) === 0
    )
  }

  /** Takes what `is()` holds for. */
  take(frame: Buffer): void {
    this.#heard ||= frame.equals(this.#frame)
  }

  /** Sends it until it is heard, or `timeoutMs` is over. @throws TidingsError ABORTED */
  async hear(
    send: (frame: Buffer) => void,
    condition: Condition,
    now: () => number,
    signal: AbortSignal,
  ): Promise<void> {
    const deadline = now() + probeLimits.timeoutMs
    let pause: number = probeLimits.pauseMs
    while (now() < deadline) {
      send(this.#frame)
      if (await condition.until(() => this.#heard, pause, signal)) return
      pause = Math.min(2 * pause, probeLimits.longestPauseMs)
    }
  }
}
