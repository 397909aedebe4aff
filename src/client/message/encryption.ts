// Encryption of messages by their producers and consumers, as Iggy's Rust and C# SDKs do it: AES-256-GCM, the payload and the encoded user headers each for itself.
//   nonce, 12 random bytes · ciphertext · tag, 16 bytes
// An encrypted message is 28 bytes longer, twice that with headers. The server sees sizes, ids, times, keys' partitions, and nothing else.

/**
 * Encryption of messages by their producers and consumers.
 *
 * @module galgo/encryption
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { errorCodes } from '../../protocol/errors.ts';
import { ArgumentError, ProtocolViolationError } from '../connection/errors.ts';
import type { MessageTransform } from '../transform/message-transform.ts';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** A transform for `ClientOptions.transforms`. The key is 32 bytes, or their base64. Throws ArgumentError (`invalid-encryption-key`). */
export function aes256Gcm(key: Uint8Array | string): MessageTransform {
  const secret = typeof key === 'string' ? Buffer.from(key, 'base64') : Buffer.from(key);
  if (secret.length !== keyBytes) {
    const status = errorCodes['invalid-encryption-key'];
    throw new ArgumentError('invalid-encryption-key', `the key has ${secret.length} bytes, not ${keyBytes}`, { status });
  }
  return {
    outgoing: ({ payload, headers }) => ({ payload: encrypt(secret, payload), headers: headers && encrypt(secret, headers) }),
    incoming: ({ payload, headers }) => ({ payload: decrypt(secret, payload), headers: headers && decrypt(secret, headers) }),
  };
}

function encrypt(secret: Buffer, plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, secret, nonce, { authTagLength: tagBytes });
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(secret: Buffer, sealed: Uint8Array): Buffer {
  try {
    if (sealed.length < nonceBytes + tagBytes) throw new RangeError(`${sealed.length} bytes are too few`);
    const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch (error) {
    const status = errorCodes['cannot-decrypt-data'];
    throw new ProtocolViolationError('cannot-decrypt-data', 'the message was not encrypted with this key', { status, cause: error });
  }
}
