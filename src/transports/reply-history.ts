// The last answers to a session's metadata operations, so that a repeated request number gets its answer again instead of being executed again.

const repliesMax = 5;
const replyBytesMax = 64 * 1024;

export class ReplyHistory {
  #highest = 0n;
  readonly #replies = new Map<bigint, Buffer>();

  /** The reply frame to a number that was executed; `forgotten` if it is no longer kept; undefined for a new number. */
  find(number: bigint): Buffer | 'forgotten' | undefined {
    if (number > this.#highest) return undefined;
    return this.#replies.get(number) ?? 'forgotten';
  }

  /** Keeps a reply frame. One that is large is only known to have been sent. */
  remember(number: bigint, frame: Buffer): void {
    this.#highest = number;
    if (frame.length > replyBytesMax) return;
    this.#replies.set(number, frame);
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
