/** What a publisher does to the outside. */
export interface PublisherOutput {
  /** `message`: in one piece, beginning with the topic. */
  send(topic: string, message: Uint8Array): void
  /** The registration of this process has changed: state, published tables or last numbers. */
  registrationChanged(): void
}
