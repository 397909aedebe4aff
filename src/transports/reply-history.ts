// The last answers to a session's metadata operations, so that a repeated request number gets its answer again instead of being executed again.

/** A reply without its header, which echoes the request and is written anew. */
export interface Answer {
  /** Operation byte of the reply. */
  operation: number;
  /** Result section and payload. */
  body: Buffer;
}

const answersMax = 5;
const answerBytesMax = 64 * 1024;

/** What a history holds, for one on another thread. */
export interface ReplyHistoryContents {
  highest: bigint;
  answers: [bigint, { operation: number; body: Uint8Array<ArrayBuffer> } | 'secret'][];
}

export class ReplyHistory {
  #highest = 0n;
  readonly #answers = new Map<bigint, Answer | 'secret'>();

  /** The answer to a number that was executed; `secret` if it must not be kept, `forgotten` if it no longer is; undefined for a new number. */
  find(number: bigint): Answer | 'secret' | 'forgotten' | undefined {
    if (number > this.#highest) return undefined;
    return this.#answers.get(number) ?? 'forgotten';
  }

  /** Keeps an answer, or that there was one which is a secret. One that is large is only known to have been given. */
  remember(number: bigint, answer: Answer | 'secret'): void {
    this.#highest = number;
    if (answer !== 'secret' && answer.body.length > answerBytesMax) return;
    this.#answers.set(number, answer);
    if (this.#answers.size <= answersMax) return;
    const oldest = this.#answers.keys().next().value;
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  contents(): ReplyHistoryContents {
    const answers: ReplyHistoryContents['answers'] = [];
    for (const [number, answer] of this.#answers) {
      answers.push([number, answer === 'secret' ? answer : { operation: answer.operation, body: Uint8Array.from(answer.body) }]);
    }
    return { highest: this.#highest, answers };
  }

  load({ highest, answers }: ReplyHistoryContents): void {
    this.#highest = highest;
    for (const [number, answer] of answers) {
      this.#answers.set(number, answer === 'secret' ? answer : { operation: answer.operation, body: Buffer.from(answer.body.buffer) });
    }
  }

  /** A new login counts from one again. */
  clear(): void {
    this.#highest = 0n;
    this.#answers.clear();
  }
}
