// The seam between the client and what carries its requests.
//
// Some transports are one stream of bytes each way: replies come as chunks, cut anywhere (`received`), or are read into memory that their receiver names (`room`, then `filled`). On
// others each request travels by itself: replies come whole, with the number of their request, in any order (`answered`). A link does one of the three.

export interface LinkEvents {
  /** Bytes of replies, in order. The chunk belongs to the receiver: it is never written to again. */
  received(chunk: Buffer): void;
  /** Memory for the bytes of replies that arrive next, never empty. */
  room(): Buffer;
  /** `length` bytes of replies arrived, in order, at the start of `room`, which is what `room()` gave last. */
  filled(room: Buffer, length: number): void;
  /** The whole reply to a request. It belongs to the receiver. */
  answered(number: number, reply: Buffer): void;
  /** The link is gone, once and for good. Undefined: the peer ended it in order. */
  closed(error: Error | undefined): void;
}

export interface Link {
  /**
   * Queues a request: its frame is the header with the body behind it, neither of which may change afterwards. Requests are numbered 1, 2, 3 … on their link, and those of one
   * turn of the event loop leave together.
   */
  send(number: number, header: Uint8Array, body: Uint8Array): void;
  /** Ends the link at once. `closed` may follow. */
  destroy(): void;
}

/** What carries the requests. */
export type TransportName = 'tcp' | 'websocket' | 'quic';

/** Where a server is. */
export interface ServerAddress {
  /** How to talk to it. */
  transport: TransportName;
  /** Name or IP address. */
  host: string;
  /** 1 to 65,535. */
  port: number;
}

export interface Transport {
  /** False: later requests may overtake earlier ones on their way. */
  readonly ordered: boolean;
  /** Opens a link, or rejects. An aborted signal destroys what was begun. */
  open(events: LinkEvents, signal: AbortSignal): Promise<Link>;
  /** Where it leads, and the same to another server; undefined where there can be no other. */
  readonly address?: ServerAddress;
  to?(address: ServerAddress): Transport;
}
