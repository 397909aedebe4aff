// Connection ids as the server chooses them, and which of several endpoints on one address a datagram is for.
//
//   byte 0        its remainder by the number of endpoints is the number of the endpoint that serves the connection; otherwise random
//   bytes 1–15    random
//
// Every id that a client writes to, its own choice for the first packets included, leads to an endpoint by its first byte: native/udp/udp_group.h has the kernel do that, and
// `endpointOf` must say the same. RFC 9000 §5.1 wants ids that tell nobody which of them belong to one connection; that two connections share a thread is no secret.

import { randomBytes } from 'node:crypto';

export const connectionIdBytes = 16;

const longHeader = 0x80;

/** A new id for a connection of this endpoint. */
export function makeConnectionId(endpoint: number, endpoints: number): Buffer {
  const id = randomBytes(connectionIdBytes);
  const random = id[0] as number;
  const first = random - (random % endpoints) + endpoint;
  id[0] = first > 255 ? first - endpoints : first;
  return id;
}

/** The endpoint that a datagram is for (RFC 8999 §5). */
export function endpointOf(datagram: Uint8Array, endpoints: number): number {
  const long = ((datagram[0] ?? 0) & longHeader) !== 0;
  return (datagram[long ? 6 : 1] ?? 0) % endpoints;
}
