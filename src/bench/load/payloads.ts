import { randomBytes } from 'node:crypto';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Random letters and digits. */
export function randomPayload(bytes: number): Buffer {
  const payload = randomBytes(bytes);
  for (let at = 0; at < bytes; at++) payload[at] = letters.charCodeAt((payload[at] as number) % letters.length);
  return payload;
}
