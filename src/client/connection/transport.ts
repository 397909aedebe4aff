// The seam between the client and what carries its bytes: an ordered, reliable stream in both directions.

export interface LinkEvents {
  /** Bytes arrived. The chunk belongs to the receiver: it is never written to again. */
  received(chunk: Buffer): void;
  /** The link is gone, once and for good. Undefined: the peer ended it in order. */
  closed(error: Error | undefined): void;
}

export interface Link {
  /** Queues bytes, which must not change afterwards. Writes of one turn of the event loop leave together. */
  write(bytes: Uint8Array): void;
  /** Ends the link after what was written. */
  end(): void;
  /** Ends the link at once; `closed` follows. */
  destroy(error: Error): void;
}

/** Opens a link, or rejects. An aborted signal destroys what was begun. */
export type OpenLink = (events: LinkEvents, signal: AbortSignal) => Promise<Link>;
