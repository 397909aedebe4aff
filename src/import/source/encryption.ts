// Encryption at rest as Iggy does it: AES-256-GCM, stored as nonce (12 bytes), cipher text, tag (16 bytes).

import { createDecipheriv } from 'node:crypto';
import { ImportError } from './import-error.ts';

const nonceBytes = 12;
const tagBytes = 16;

/** How much longer a text is when it is encrypted. */
export const encryptionBytes = nonceBytes + tagBytes;

/** Undefined for bytes that this key does not open. */
export type Decrypt = (bytes: Uint8Array) => Buffer | undefined;

/** `key`: base64 of 32 bytes. Throws ImportError for anything else. */
export function createDecrypt(key: string): Decrypt {
  const secret = Buffer.from(key.trim(), 'base64');
  if (secret.length !== 32) throw new ImportError('the encryption key is not the base64 of 32 bytes');
  return (bytes) => {
    if (bytes.length < encryptionBytes) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, nonceBytes));
    decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)), decipher.final()]);
    } catch {
      return undefined;
    }
  };
}
