/** What happens in a capture, for people and logs. */
export interface CaptureEvent {
  /**
   * `ready`: all that commits from the position in `message` on is published; `waiting`: for another capture, or for
   * transactions; `warning`: somebody should see to it; `note`: good to know.
   */
  readonly type: 'ready' | 'waiting' | 'warning' | 'note'
  readonly message: string
}

export type TellCapture = (type: CaptureEvent['type'], message: string) => void
