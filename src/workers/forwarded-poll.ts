// A poll that a worker passed on, as its handler sees it: a group's, or one that waits. The messages stay where the engine read them; the worker gets the slot.

import type { WaitingExchange } from '../handlers/messages/exchange.ts';
import type { Generation } from '../protocol/command.ts';
import { type Completion, type Engine, noSlot } from '../storage/engine.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { MessageTopic } from '../streaming/message-topic.ts';
import type { FromWorker, PollAnswer } from './messages.ts';

export class ForwardedPoll implements WaitingExchange {
  readonly generation: Generation;
  readonly client: ClientRecord;
  readonly bytes: Buffer;
  readonly slot = noSlot;
  readonly bodyStart = 0;
  readonly end: number;
  readonly headerStart = -1;
  readonly pollHeadroom: number;
  readonly pollBytesMax: number;
  readonly request: bigint;
  topic: MessageTopic | undefined;
  readonly #engine: Engine;
  readonly #answer: (answer: PollAnswer) => void;
  #abandon: (() => void) | undefined;

  constructor(engine: Engine, client: ClientRecord, poll: FromWorker & { kind: 'poll' }, answer: (answer: PollAnswer) => void) {
    this.#engine = engine;
    this.#answer = answer;
    this.client = client;
    this.generation = poll.generation;
    this.bytes = Buffer.from(poll.body.buffer, poll.body.byteOffset, poll.body.length);
    this.end = poll.body.length;
    this.pollHeadroom = poll.headroom;
    this.pollBytesMax = poll.bytesMax;
    this.request = poll.waits ?? 0n;
  }

  /** Ends the wait, if it waits. */
  abandon(): void {
    this.#abandon?.();
  }

  // The worker's connection does not count it while it waits.
  park(abandon: () => void): void {
    this.#abandon = abandon;
  }

  unpark(): void {
    this.#abandon = undefined;
  }

  fail(status: number): void {
    this.#answer({ kind: 'failed', status });
  }

  appended(): void {
    throw new Error('a poll appends nothing');
  }

  polled(partitionId: number, completion: Completion): void {
    if (completion.slot !== noSlot) this.#engine.passSlot(completion.slot);
    this.#answer({ kind: 'polled', partitionId, record: completion.words.slice() });
  }

  polledNothing(partitionId: number): void {
    this.#answer({ kind: 'nothing', partitionId });
  }
}
