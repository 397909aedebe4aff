// A send or a poll of an HTTP request, as the handlers of messages see one: the bytes of a classic frame, and a promise as the answer.

import type { Exchange } from '../../../handlers/messages/exchange.ts';
import type { Generation } from '../../../protocol/command.ts';
import { type PollMessagesRequest, pollMessages } from '../../../protocol/commands/poll-messages.ts';
import type { Writer } from '../../../protocol/writer.ts';
import { type Completion, noSlot } from '../../../storage/engine.ts';
import type { ClientRecord } from '../../../streaming/clients.ts';
import type { MessageTopic } from '../../../streaming/message-topic.ts';
import type { ControlServices } from '../../services.ts';
import { failureOfStatus } from '../request/failure.ts';

export interface Appended {
  readonly streamId: number;
  readonly topicId: number;
  readonly partitionId: number;
  readonly baseOffset: number;
}

export interface PollServices extends ControlServices {
  /** Polls are written into it one after the other: their bytes are read at once. */
  readonly pollWriter: Writer;
}

/** What a poll found. The bytes are those of a reply after its prefix, in the client's generation, and are gone when the function that takes it returns. */
export interface Polled {
  readonly generation: Generation;
  readonly partitionId: number;
  readonly currentOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Most bytes of messages in one reply, apart from a single message that is larger. */
const pollBytesMax = 4 * 1024 * 1024;
const noBytes = Buffer.alloc(0);

/** `body` is that of a classic SendMessages. Calls one of the two, `refuse` with what the send is refused with. */
export function startSend(
  services: ControlServices,
  client: ClientRecord,
  body: Buffer,
  confirm: (appended: Appended) => void,
  refuse: (error: unknown) => void,
): void {
  try {
    services.sendMessages(new SendExchange(client, body, confirm, refuse));
  } catch (error) {
    refuse(error);
  }
}

/** Calls one of the two: `take` with the messages, or `refuse` with what the poll is refused with or `take` throws. */
export function startPoll(
  services: PollServices,
  client: ClientRecord,
  request: PollMessagesRequest,
  take: (polled: Polled) => void,
  refuse: (error: unknown) => void,
): void {
  try {
    const writer = services.pollWriter.reset();
    pollMessages.encodeRequest(writer, request, client.generation ?? 'classic');
    services.pollMessages(new PollExchange(services, client, writer.written, take, refuse));
  } catch (error) {
    refuse(error);
  }
}

/** `startSend` as a promise. */
export function send(services: ControlServices, client: ClientRecord, body: Buffer): Promise<Appended> {
  return new Promise((resolve, reject) => startSend(services, client, body, resolve, reject));
}

/** `startPoll` as a promise, of what `take` makes of the messages. */
export function poll<Result>(
  services: PollServices,
  client: ClientRecord,
  request: PollMessagesRequest,
  take: (polled: Polled) => Result,
): Promise<Result> {
  return new Promise((resolve, reject) => startPoll(services, client, request, (polled) => resolve(take(polled)), reject));
}

/** A class, so that requests share one shape: an object put together anew each time costs as much as the rest of a small poll. */
abstract class HttpExchange implements Exchange {
  readonly generation: Generation;
  readonly client: ClientRecord;
  readonly bytes: Buffer;
  readonly slot = noSlot;
  readonly bodyStart = 0;
  readonly end: number;
  readonly headerStart = -1;
  readonly pollHeadroom = 0;
  readonly pollBytesMax = pollBytesMax;
  topic: MessageTopic | undefined = undefined;
  protected readonly reject: (error: unknown) => void;

  constructor(generation: Generation, client: ClientRecord, bytes: Buffer, reject: (error: unknown) => void) {
    this.generation = generation;
    this.client = client;
    this.bytes = bytes;
    this.end = bytes.length;
    this.reject = reject;
  }

  fail(status: number): void {
    this.reject(failureOfStatus(status));
  }

  appended(_streamId: number, _topicId: number, _partitionId: number, _baseOffset: number): void {
    this.reject(new Error('an append that nobody asked for'));
  }

  polled(_partitionId: number, _completion: Completion): void {
    this.reject(new Error('a poll that nobody asked for'));
  }

  /** Of members of groups alone. */
  polledNothing(_partitionId: number): void {
    this.reject(new Error('a poll of a group that nobody asked for'));
  }
}

class SendExchange extends HttpExchange {
  readonly #resolve: (appended: Appended) => void;

  constructor(client: ClientRecord, body: Buffer, resolve: (appended: Appended) => void, reject: (error: unknown) => void) {
    super('classic', client, body, reject);
    this.#resolve = resolve;
  }

  override appended(streamId: number, topicId: number, partitionId: number, baseOffset: number): void {
    this.#resolve({ streamId, topicId, partitionId, baseOffset });
  }
}

class PollExchange extends HttpExchange {
  readonly #services: PollServices;
  readonly #take: (polled: Polled) => void;

  constructor(
    services: PollServices,
    client: ClientRecord,
    bytes: Buffer,
    take: (polled: Polled) => void,
    reject: (error: unknown) => void,
  ) {
    super(client.generation ?? 'classic', client, bytes, reject);
    this.#services = services;
    this.#take = take;
  }

  override polled(partitionId: number, completion: Completion): void {
    try {
      this.#take(polledOf(this.#services, this.generation, partitionId, completion));
    } catch (error) {
      this.reject(error);
    } finally {
      if (completion.slot !== noSlot) this.#services.receiveBuffers.releaseHandedOver(completion.slot);
    }
  }
}

function polledOf(services: ControlServices, generation: Generation, partitionId: number, completion: Completion): Polled {
  const { slot, start, length, count, currentOffset, lastOffset } = completion;
  const found = slot !== noSlot;
  return {
    generation,
    partitionId,
    currentOffset,
    lastOffset,
    count: found ? count : 0,
    bytes: found ? services.engine.slotBuffer(slot) : noBytes,
    start: found ? start : 0,
    end: found ? start + length : 0,
  };
}
