// What an endpoint has in common with the others on its address, each of which is in a thread of its own.

import { randomBytes } from 'node:crypto';
import { retrySecretBytes } from './retry-token.ts';

export interface EndpointShare {
  readonly endpoints: number;
  /** Of this endpoint, from 0. */
  readonly number: number;
  /** A retry may be answered by one endpoint and its token come back to another. */
  readonly retrySecret: Uint8Array;
  /** Which sockets there are decides where datagrams go: then they stay open until the threads end. */
  readonly keepsSocket: boolean;
  /** Tells how many connections this endpoint holds; returns how many all of them do. */
  hold(connections: number): number;
  /** The endpoint that a new connection is best served by. */
  next(): number;
  /** The kernel may join datagrams of one peer for several endpoints, and gives them to that of the first. `bytes` is valid during the call. */
  handOver(endpoint: number, bytes: Uint8Array, from: string): void;
}

/** Of an endpoint that is alone on its address. */
export function soleEndpoint(): EndpointShare {
  return {
    endpoints: 1,
    number: 0,
    retrySecret: randomBytes(retrySecretBytes),
    keepsSocket: false,
    hold: (connections) => connections,
    next: () => 0,
    handOver() {},
  };
}
