// Failed logins of an address in a minute: beyond the limit further ones are refused unheard until the minute is over. A password that is right does not count.

import { HttpFailure, retryAfter } from '../request/failure.ts';

const windowMs = 60_000;
const addressesMax = 10_000;

interface Window {
  readonly startedAtMs: number;
  failures: number;
}

export class LoginThrottle {
  readonly #failuresMax: number;
  readonly #nowMs: () => number;
  /** In the order of their starts. */
  readonly #windows = new Map<string, Window>();

  constructor(failuresMax: number, nowMs: () => number) {
    this.#failuresMax = failuresMax;
    this.#nowMs = nowMs;
  }

  /** Throws 429 if too many of the address have failed. */
  check(address: string): void {
    const window = this.#windows.get(peerOf(address));
    if (window === undefined || window.failures < this.#failuresMax) return;
    const leftMs = window.startedAtMs + windowMs - this.#nowMs();
    if (leftMs <= 0) return;
    const reason = 'Too many logins of this address have failed';
    throw new HttpFailure(429, 'too_many_failed_logins', reason, retryAfter(Math.ceil(leftMs / 1000)));
  }

  failed(address: string): void {
    this.#forgetEnded();
    const peer = peerOf(address);
    const window = this.#windows.get(peer);
    if (window !== undefined) {
      window.failures++;
      return;
    }
    if (this.#windows.size >= addressesMax) {
      const [oldest] = this.#windows.keys();
      this.#windows.delete(oldest as string);
    }
    this.#windows.set(peer, { startedAtMs: this.#nowMs(), failures: 1 });
  }

  #forgetEnded(): void {
    const nowMs = this.#nowMs();
    for (const [peer, { startedAtMs }] of this.#windows) {
      if (nowMs - startedAtMs < windowMs) return;
      this.#windows.delete(peer);
    }
  }
}

/** Who owns an IPv6 address owns the 2⁶⁴ others of its network. */
function peerOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? plain.split(':').slice(0, 4).join(':') : plain;
}
