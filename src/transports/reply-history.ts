// The last answers to a session's metadata operations, so that a repeated request number gets its answer again instead of being executed again.

const repliesMax = 5;
const replyBytesMax = 64 * 1024;

export class ReplyHistory {
  #highest = 0n;
  readonly #replies = new Map<bigint, Buffer | 'secret'>();

  /** The reply frame to a number that was executed; `secret` if it must not be kept, `forgotten` if it no longer is; undefined for a new number. */
  find(number: bigint): Buffer | 'secret' | 'forgotten' | undefined {
    if (number > this.#highest) return undefined;
    return this.#replies.get(number) ?? 'forgotten';
  }

  /** Keeps a reply frame, or that there was one which is a secret. One that is large is only known to have been sent. */
  remember(number: bigint, reply: Buffer | 'secret'): void {
    this.#highest = number;
    if (reply.length > replyBytesMax) return;
    this.#replies.set(number, reply);
    if (this.#replies.size <= repliesMax) return;
    const oldest = this.#replies.keys().next().value;
    if (oldest !== undefined) this.#replies.delete(oldest);
  }

  /** A new login counts from one again. */
  clear(): void {
    this.#highest = 0n;
    this.#replies.clear();
  }
}
