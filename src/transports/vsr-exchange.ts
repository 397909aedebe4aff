// One VSR request being answered. It keeps its own copy of the request's header, since the reply echoes it and may be written long after the receive buffer was reused.

import type { WaitingExchange } from '../handlers/messages/exchange.ts';
import { pollPrefixBytes, writePollPrefix } from '../protocol/commands/poll-messages-head.ts';
import { sendConfirmationBytes, writeSendConfirmation } from '../protocol/commands/send-messages-head.ts';
import { requestClient, requestNumber, vsrHeaderBytes, writeReplyHeader } from '../protocol/frame/vsr.ts';
import { Operation } from '../protocol/operations.ts';
import { type Completion, noSlot } from '../storage/engine.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { MessageTopic } from '../streaming/message-topic.ts';
import type { Carrier } from './carrier.ts';
import type { Frame } from './frame-reader.ts';
import { sendPolled } from './poll-reply.ts';
import type { Answer } from './reply-history.ts';
import type { RequestSubject } from './request-observer.ts';
import { vsrStatus } from './vsr-statuses.ts';

/** Gets exchanges back when they were answered. */
export interface ExchangeOwner {
  closeExchange(exchange: VsrExchange): void;
}

export class VsrExchange implements WaitingExchange {
  readonly generation = 'vsr';
  readonly pollHeadroom = vsrHeaderBytes + pollPrefixBytes;
  readonly #carrier: Carrier;
  readonly #owner: ExchangeOwner;
  readonly #header = Buffer.alloc(vsrHeaderBytes);
  bytes: Buffer;
  slot = noSlot;
  headerStart = 0;
  bodyStart = 0;
  end = 0;
  operation = 0;
  exclusive = true;
  topic: MessageTopic | undefined;
  readonly subject: RequestSubject = { stream: undefined, topic: undefined };
  /** For whoever observes: when the request began, and what it failed with, a status or a name; 0 for success. */
  startedMs = 0;
  failure: number | string = 0;

  constructor(carrier: Carrier, owner: ExchangeOwner) {
    this.#carrier = carrier;
    this.#owner = owner;
    this.bytes = this.#header;
  }

  get client(): ClientRecord {
    return this.#carrier.client;
  }

  /** Of the request. */
  get header(): Buffer {
    return this.#header;
  }

  /** The client id in the request's header. */
  get clientId(): bigint {
    return requestClient(this.#header, 0);
  }

  get request(): bigint {
    return requestNumber(this.#header, 0);
  }

  get pollBytesMax(): number {
    return this.#carrier.replyBytesMax - this.pollHeadroom;
  }

  /** Takes up a request. */
  open(frame: Frame, operation: number, exclusive: boolean): void {
    this.bytes = frame.bytes;
    this.slot = frame.slot;
    this.headerStart = frame.start;
    this.bodyStart = frame.bodyStart;
    this.end = frame.end;
    this.operation = operation;
    this.exclusive = exclusive;
    this.topic = undefined;
    this.subject.stream = undefined;
    this.subject.topic = undefined;
    this.failure = 0;
    frame.bytes.copy(this.#header, 0, frame.start, frame.bodyStart);
  }

  park(abandon: () => void): void {
    this.#carrier.park(abandon);
  }

  unpark(): void {
    this.#carrier.unpark();
  }

  /** Ends the exchange without a reply of its own. */
  close(): void {
    if (this.slot !== noSlot) this.#carrier.services.receiveBuffers.releaseHandedOver(this.slot);
    this.slot = noSlot;
    this.#owner.closeExchange(this);
  }

  /** Replies with success of the header's status; the body may say otherwise. */
  reply({ operation, body }: Answer): void {
    const { output } = this.#carrier;
    const at = output.reserve(vsrHeaderBytes + body.length);
    writeReplyHeader(output.buffer, at, this.#header, 0, operation, 0, body.length);
    body.copy(output.buffer, at + vsrHeaderBytes);
    this.close();
  }

  /** Whoever observes gets the status as it is: it says what is missing, where that of the reply may not. */
  fail(status: number): void {
    this.failure = status;
    const { output } = this.#carrier;
    const at = output.reserve(vsrHeaderBytes);
    writeReplyHeader(output.buffer, at, this.#header, 0, this.operation, vsrStatus(this.operation, status), 0);
    this.close();
  }

  appended(streamId: number, topicId: number, partitionId: number, offset: number): void {
    const { output } = this.#carrier;
    const at = output.reserve(vsrHeaderBytes + sendConfirmationBytes);
    const { buffer } = output;
    writeReplyHeader(buffer, at, this.#header, 0, Operation.sendMessages, 0, sendConfirmationBytes);
    writeSendConfirmation(buffer, at + vsrHeaderBytes, streamId, topicId, partitionId, offset % 2 ** 32, Math.floor(offset / 2 ** 32));
    this.close();
  }

  polled(partitionId: number, completion: Completion): void {
    sendPolled(this.#carrier, this.pollHeadroom, completion, (buffer, at) => {
      writeReplyHeader(buffer, at, this.#header, 0, Operation.nonReplicated, 0, pollPrefixBytes + completion.length);
      writePollPrefix(buffer, at + vsrHeaderBytes, partitionId, completion.words[12] ?? 0, completion.words[13] ?? 0, completion.count);
    });
    this.close();
  }

  polledNothing(partitionId: number): void {
    const { output } = this.#carrier;
    const at = output.reserve(this.pollHeadroom);
    writeReplyHeader(output.buffer, at, this.#header, 0, Operation.nonReplicated, 0, pollPrefixBytes);
    writePollPrefix(output.buffer, at + vsrHeaderBytes, partitionId, 0, 0, 0);
    this.close();
  }
}
