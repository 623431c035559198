/** What a publisher does to the outside. */
export interface PublisherOutput {
  send(topic: string, frames: readonly Uint8Array[]): void
  /** The registration of this process has changed: state, published tables or last numbers. */
  registrationChanged(): void
}
