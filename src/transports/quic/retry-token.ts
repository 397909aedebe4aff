// Tokens of stateless retry: a new peer must show that it receives at the address it writes from before anything is kept for it.
//
//   expiry          f64 little endian, milliseconds since 1970
//   original id     length u8 · connection id of the peer's first packet
//   proof           HMAC-SHA256 over the above, the peer's key and the connection id that the retry named
//
// RFC 9000 §8.1.4. Endpoints that share an address share the secret.

import { createHmac, timingSafeEqual } from 'node:crypto';

export const retrySecretBytes = 32;

const lifetimeMs = 10_000;
const proofBytes = 32;
const headBytes = 9;
const connectionIdBytesMax = 20;

export class RetryTokens {
  readonly #secret: Uint8Array;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  issue(originalId: Uint8Array, retryId: Uint8Array, peerKey: string, nowMs: number): Buffer {
    const head = Buffer.alloc(headBytes + originalId.length);
    head.writeDoubleLE(nowMs + lifetimeMs, 0);
    head.writeUInt8(originalId.length, 8);
    head.set(originalId, headBytes);
    return Buffer.concat([head, this.#proof(head, retryId, peerKey)]);
  }

  /** The original connection id, or undefined if the token is not ours, not this peer's, or too old. */
  check(token: Uint8Array, retryId: Uint8Array, peerKey: string, nowMs: number): Buffer | undefined {
    const bytes = Buffer.from(token.buffer, token.byteOffset, token.length);
    if (bytes.length < headBytes + proofBytes) return undefined;
    const idBytes = bytes.readUInt8(8);
    if (idBytes > connectionIdBytesMax || bytes.length !== headBytes + idBytes + proofBytes) return undefined;
    const head = bytes.subarray(0, headBytes + idBytes);
    if (!timingSafeEqual(bytes.subarray(head.length), this.#proof(head, retryId, peerKey))) return undefined;
    return head.readDoubleLE(0) < nowMs ? undefined : Buffer.from(head.subarray(headBytes));
  }

  #proof(head: Buffer, retryId: Uint8Array, peerKey: string): Buffer {
    return createHmac('sha256', this.#secret).update(head).update(retryId).update(peerKey, 'latin1').digest();
  }
}
