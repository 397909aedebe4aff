// What carries requests and their replies: a connection that is one stream of bytes carries many, a stream of a QUIC connection carries one.

import type { ClientRecord } from '../streaming/clients.ts';
import type { ReplyOutput } from './output.ts';
import type { TransportServices } from './services.ts';

export interface Carrier {
  readonly client: ClientRecord;
  readonly services: TransportServices;
  readonly output: ReplyOutput;
  /** Requests that are being handled. */
  readonly unanswered: number;
  /** Most bytes of one reply frame that the peer takes. */
  readonly replyBytesMax: number;
  /** A request begins; an exclusive one is answered before the next on this carrier is looked at. */
  begin(exclusive: boolean): void;
  /** A request was answered. `later`: not within the call that delivered it, so that reading may have to go on. */
  answered(exclusive: boolean, later: boolean): void;
  /** A request that was begun, and is not exclusive, waits for something that may never come: until `unpark` it does not count as being handled.
   * `abandon` ends the wait; it is for carriers whose peers can say of one request that they want no answer. */
  park(abandon: () => void): void;
  unpark(): void;
  /** Ends the connection after the replies of the requests under way were sent. */
  end(): void;
}
