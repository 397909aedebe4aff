// Requests of Iggy 0.8 clients: strictly one after another, each answered with status, length and payload, in the order of arrival.

import type { Handler } from '../handlers/handler.ts';
import type { Exchange } from '../handlers/messages/exchange.ts';
import { pollPrefixBytes, writePollPrefix } from '../protocol/commands/poll-messages-head.ts';
import { commandByCode } from '../protocol/commands/registry.ts';
import { errorCodes } from '../protocol/errors.ts';
import { type Completion, noSlot } from '../storage/engine.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { MessageTopic } from '../streaming/message-topic.ts';
import type { Carrier } from './carrier.ts';
import type { ControlOutcome } from './control.ts';
import type { Admission, Frame } from './frame-reader.ts';
import { sendPolled } from './poll-reply.ts';
import type { RequestObserver, RequestSubject } from './request-observer.ts';
import type { Requests } from './requests.ts';

const sendMessagesCode = 101;
const pollMessagesCode = 100;
const headBytes = 8;
const noCode = 0;
const take: Admission = { kind: 'take' };

/** Statuses after which the reference's clients expect the connection to be gone. */
const closingStatuses = new Set<number>([errorCodes['stale-client'], errorCodes['client-not-found']]);

export class ClassicRequests implements Requests, Exchange {
  readonly generation = 'classic';
  readonly headerStart = -1;
  readonly pollHeadroom = headBytes + pollPrefixBytes;
  readonly #carrier: Carrier;
  readonly #observer: RequestObserver | undefined;
  readonly #subject: RequestSubject = { stream: undefined, topic: undefined };
  bytes: Buffer;
  slot = noSlot;
  bodyStart = 0;
  end = 0;
  topic: MessageTopic | undefined;
  #code = 0;
  #startedMs = 0;
  /** True while `frame` runs: an answer given meanwhile needs no resumption. */
  #handling = false;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
    this.#observer = carrier.services.observers?.classic;
    this.bytes = carrier.services.receiveBuffers.shared;
  }

  get client(): ClientRecord {
    return this.#carrier.client;
  }

  get pollBytesMax(): number {
    return this.#carrier.replyBytesMax - this.pollHeadroom;
  }

  admit(head: Buffer, at: number, totalBytes: number): Admission {
    const { limits } = this.#carrier.services;
    if (totalBytes < headBytes) return { kind: 'skip', status: errorCodes['invalid-command'] };
    const code = head.readUInt32LE(at + 4);
    const bytesMax = code === sendMessagesCode ? limits.frameBytesMax : limits.controlBytesMax + headBytes;
    if (totalBytes > bytesMax) return { kind: 'close', status: errorCodes['invalid-command'] };
    if (commandByCode(code, 'classic') === undefined) return { kind: 'skip', status: errorCodes['invalid-command'] };
    if (this.client.userId === undefined && totalBytes > limits.anonymousFrameBytesMax) {
      return { kind: 'skip', status: errorCodes.unauthenticated };
    }
    return take;
  }

  frame(frame: Frame): void {
    const { services } = this.#carrier;
    this.bytes = frame.bytes;
    this.slot = frame.slot;
    this.bodyStart = frame.bodyStart;
    this.end = frame.end;
    this.client.lastSeenMs = services.clock.nowMs();
    this.#carrier.begin(true);
    this.#handling = true;
    const code = frame.bytes.readUInt32LE(frame.start + 4);
    this.#observe(code);
    if (code === sendMessagesCode) services.sendMessages(this);
    else if (code === pollMessagesCode) services.pollMessages(this);
    else this.#control(services.handlers.byCode(code, 'classic'));
    this.#handling = false;
  }

  skipped(head: Buffer, at: number, status: number): void {
    // A frame too short for a code leaves what follows in the head undefined.
    this.#observe(head.readUInt32LE(at) < headBytes - 4 ? noCode : head.readUInt32LE(at + 4));
    this.#writeHead(status, 0);
    this.#observed(status);
  }

  refused(status: number): void {
    this.#writeHead(status, 0);
  }

  stale(): void {
    if (this.#carrier.unanswered === 0) this.#writeHead(errorCodes['stale-client'], 0);
    this.#carrier.end();
  }

  stopping(): void {
    if (this.#carrier.unanswered === 0) this.#writeHead(errorCodes.disconnected, 0);
  }

  fail(status: number): void {
    this.#writeHead(status, 0);
    this.#answered(status);
    if (closingStatuses.has(status)) this.#carrier.end();
  }

  appended(): void {
    this.#writeHead(0, 0);
    this.#answered(0);
  }

  polled(partitionId: number, completion: Completion): void {
    sendPolled(this.#carrier, this.pollHeadroom, completion, (buffer, at) => {
      buffer.writeUInt32LE(0, at);
      buffer.writeUInt32LE(pollPrefixBytes + completion.length, at + 4);
      const { words, count } = completion;
      writePollPrefix(buffer, at + headBytes, partitionId, words[12] ?? 0, words[13] ?? 0, count);
    });
    this.#answered(0);
  }

  polledNothing(): void {
    const at = this.#writeHead(0, pollPrefixBytes);
    this.#carrier.output.buffer.fill(0, at, at + pollPrefixBytes);
    this.#answered(0);
  }

  #control(handler: Handler | undefined): void {
    if (handler === undefined) {
      this.fail(errorCodes['feature-unavailable']);
      return;
    }
    const body = Buffer.from(this.bytes.subarray(this.bodyStart, this.end));
    const outcome = this.#carrier.services.runControl(this.client, 'classic', handler, body, this.#subject);
    if (outcome instanceof Promise) void outcome.then((settled) => this.#finish(settled));
    else this.#finish(outcome);
  }

  #finish(outcome: ControlOutcome): void {
    if (outcome.kind === 'failure') {
      this.fail(outcome.status);
      return;
    }
    if (outcome.kind === 'eviction') throw new Error('an eviction has no classic form');
    const at = this.#writeHead(0, outcome.body.length);
    outcome.body.copy(this.#carrier.output.buffer, at);
    this.#answered(0);
  }

  /** Writes status and length and leaves room for the payload; returns where it starts. */
  #writeHead(status: number, payloadBytes: number): number {
    const { output } = this.#carrier;
    const at = output.reserve(headBytes + payloadBytes);
    output.buffer.writeUInt32LE(status, at);
    output.buffer.writeUInt32LE(payloadBytes, at + 4);
    return at + headBytes;
  }

  #observe(code: number): void {
    if (this.#observer === undefined) return;
    this.#code = code;
    this.#startedMs = this.#observer.now();
    this.topic = undefined;
    this.#subject.stream = undefined;
    this.#subject.topic = undefined;
  }

  #observed(failure: number): void {
    if (this.#observer === undefined) return;
    if (this.topic !== undefined) {
      this.#subject.stream = this.topic.streamId;
      this.#subject.topic = this.topic.id;
    }
    this.#observer.answered(this.#code, this.#startedMs, failure, this.client, this.#subject);
  }

  #answered(failure: number): void {
    this.#observed(failure);
    if (this.slot !== noSlot) this.#carrier.services.receiveBuffers.releaseHandedOver(this.slot);
    this.slot = noSlot;
    this.#carrier.answered(true, !this.#handling);
  }
}
