// Messages for one partition that go in one request, and the sends that wait for them.

import type { Message } from '../../protocol/batch/message.ts';
import type { SentBatch } from '../commands/messages.ts';

/** Where a message went. */
export interface SendResult {
  /** Id of the partition. */
  partition: number;
  /** Undefined: the server did not tell. Classic servers never do, and some do not for a request that they recognised as sent before. */
  offset: number | undefined;
}

/** One `send` or `sendAll`: settles when all of its messages are. */
export class Ticket {
  readonly promise: Promise<SendResult[]>;
  readonly #results: SendResult[];
  #left: number;
  #resolve: (results: SendResult[]) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(count: number) {
    this.#left = count;
    this.#results = new Array(count);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // The send may still wait for room when this fails; it looks at the promise afterwards.
    this.promise.catch(() => undefined);
  }

  sent(index: number, result: SendResult): void {
    this.#results[index] = result;
    if (--this.#left === 0) this.#resolve(this.#results);
  }

  /** The first error counts; what else becomes of the messages is not told. */
  failed(error: unknown): void {
    this.#reject(error);
  }
}

export class Batch {
  readonly partition: number;
  readonly messages: Message[] = [];
  bytes = 0;
  /** Settles with the batch, never rejects. */
  readonly done: Promise<void>;
  readonly #tickets: Ticket[] = [];
  readonly #indexes: number[] = [];
  #finish: () => void = () => undefined;

  constructor(partition: number) {
    this.partition = partition;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  add(message: Message, bytes: number, ticket: Ticket, index: number): void {
    this.messages.push(message);
    this.bytes += bytes;
    this.#tickets.push(ticket);
    this.#indexes.push(index);
  }

  succeeded(sent: SentBatch | undefined): void {
    for (const [position, ticket] of this.#tickets.entries()) {
      const offset = sent === undefined ? undefined : sent.offset + position;
      ticket.sent(this.#indexes[position] as number, { partition: this.partition, offset });
    }
    this.#finish();
  }

  failed(error: unknown): void {
    for (const ticket of new Set(this.#tickets)) ticket.failed(error);
    this.#finish();
  }
}
