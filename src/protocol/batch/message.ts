// A message as producers and consumers see it, whatever the generation on the wire.

import { userHeadersBytesMax } from '../primitives/user-headers.ts';
import { ProtocolError } from '../protocol-error.ts';

/** A message to send. */
export interface Message {
  /** 128 bits. 0 asks a classic server for a random id; under VSR ids are the producer's duty. */
  id: bigint;
  payload: Uint8Array;
  /** Encoded user headers (`encodeUserHeaders`); undefined when there are none. */
  headers: Uint8Array | undefined;
  /** When the producer made it, in µs since 1970. */
  originTimestamp: bigint;
}

/** A message as a poll returns it. `payload` and `headers` are views of the reply's buffer. */
export interface PolledMessage extends Message {
  offset: bigint;
  /** When the server appended it, in µs since 1970. */
  timestamp: bigint;
  /** XXH3-64 over what the generation covers: see the layouts in `classic-messages.ts` and `vsr-batch.ts`. */
  checksum: bigint;
}

/** XXH3-64 with seed 0 over the bytes. */
export type Xxh3 = (bytes: Uint8Array) => bigint;

const payloadBytesMax = 64_000_000;

/**
 * Bytes that the messages take when each has a header of `headerBytes`.
 * Throws 4009 (no message), 4022 (payload too big), 4017 (user headers too big).
 */
export function measureMessages(messages: readonly Message[], headerBytes: number): number {
  if (messages.length === 0) throw new ProtocolError('invalid-messages-count', 'a batch needs a message');
  let total = 0;
  for (const { payload, headers } of messages) {
    const headersBytes = headers?.length ?? 0;
    if (payload.length > payloadBytesMax) throw new ProtocolError('too-big-message-payload', `${payload.length} bytes`);
    if (headersBytes > userHeadersBytesMax) throw new ProtocolError('too-big-user-headers', `${headersBytes} bytes`);
    total += headerBytes + payload.length + headersBytes;
  }
  return total;
}
