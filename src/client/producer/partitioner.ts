// Which partition a message goes to. Decided here and not by the server: a batch that is sent again after a lost connection must reach the partition that may know it already.

import type { TopicAddress, Topics } from '../commands/topics.ts';
import { NotFoundError } from '../connection/errors.ts';
import type { OutgoingMessage } from '../message/message.ts';

/**
 * `balanced`: one batch after the other, in turn. A key, for all messages: the partition that its hash points at. A partition. Or an own function, which is given the message
 * and the number of partitions. A message's own `partition` or `key` comes first.
 */
export type ProducerPartitioning =
  | 'balanced'
  | {
      /** Id of the partition for all messages. */
      partition: number;
    }
  | {
      /** 1 to 255 bytes. */
      key: string | Uint8Array;
    }
  | ((message: OutgoingMessage, partitionsCount: number) => number);

const countAgeMaxMs = 30_000;

/** Knows how many partitions the topic has, and asks again now and then. */
export class PartitionsCount {
  readonly #topics: Topics;
  readonly #address: TopicAddress;
  #count: number | undefined;
  #readMs = 0;
  #reading: Promise<number> | undefined;

  constructor(topics: Topics, address: TopicAddress) {
    this.#topics = topics;
    this.#address = address;
  }

  /** A number where it is known, so that the common case needs no promise. */
  get(): number | Promise<number> {
    if (this.#count === undefined) return this.#read();
    if (Date.now() - this.#readMs > countAgeMaxMs) {
      this.#readMs = Date.now();
      this.#read().catch(() => undefined);
    }
    return this.#count;
  }

  #read(): Promise<number> {
    this.#reading ??= this.#ask().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #ask(): Promise<number> {
    const topic = await this.#topics.get(this.#address);
    if (topic === undefined || topic.partitionsCount === 0) {
      throw new NotFoundError(
        'topic-id-not-found',
        `there is no topic ${this.#address.topic} in stream ${this.#address.stream}, or it has no partitions`,
      );
    }
    this.#count = topic.partitionsCount;
    this.#readMs = Date.now();
    return topic.partitionsCount;
  }
}

/** The partition that all official SDKs and servers choose for a key. */
export function partitionOfKey(key: string | Uint8Array, partitionsCount: number, xxh32: (bytes: Uint8Array) => number): number {
  return xxh32(typeof key === 'string' ? Buffer.from(key) : key) % partitionsCount;
}
