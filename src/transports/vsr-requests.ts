// Requests of Iggy 0.9 clients: each answered by a frame that echoes its number. Sends do not hold up what follows them, so their replies may overtake; all others
// are handled one after another. Metadata operations are remembered: a number that was executed is answered again, not executed again.

import type { Handler } from '../handlers/handler.ts';
import { commandByCode, commandByOperation } from '../protocol/commands/registry.ts';
import { errorCodes } from '../protocol/errors.ts';
import { writeResult } from '../protocol/frame/result.ts';
import {
  frameCommand,
  hasRequestChecksum,
  requestChecksum,
  requestClient,
  requestCode,
  requestHeaderFault,
  requestNumber,
  requestOperation,
  vsrHeaderBytes,
  writeEviction,
  writeReplyHeader,
} from '../protocol/frame/vsr.ts';
import { EvictionReason, hasResultSection, isInternalOperation, Operation, replyOperation, VsrCommand } from '../protocol/operations.ts';
import { protocolVersion, protocolVersionMin } from '../protocol/primitives/protocol-version.ts';
import { Writer } from '../protocol/writer.ts';
import type { Connection, Requests } from './connection.ts';
import { type ControlOutcome, runControl } from './control.ts';
import type { Admission, Frame } from './frame-reader.ts';
import { ReplyHistory } from './reply-history.ts';
import { VsrExchange } from './vsr-exchange.ts';

const pollMessagesCode = 100;
const classicLoginCodes = new Set([38, 44]);
const take: Admission = { kind: 'take' };

export class VsrRequests implements Requests {
  readonly #connection: Connection;
  readonly #history = new ReplyHistory();
  readonly #idleExchanges: VsrExchange[] = [];
  /** True while `frame` runs: an answer given meanwhile needs no resumption. */
  #handling = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  admit(head: Buffer, at: number, totalBytes: number): Admission {
    const { limits } = this.#connection.services;
    const sound = totalBytes >= vsrHeaderBytes && totalBytes <= limits.frameBytesMax && frameCommand(head, at) === VsrCommand.request;
    if (!sound) return { kind: 'close', status: 0 };
    if (this.#connection.client.userId === undefined && totalBytes > limits.anonymousFrameBytesMax) {
      return { kind: 'skip', status: errorCodes.unauthenticated };
    }
    return take;
  }

  frame(frame: Frame): void {
    const exchange = this.#idleExchanges.pop() ?? new VsrExchange(this.#connection, this);
    const operation = requestOperation(frame.bytes, frame.start);
    const exclusive = operation !== Operation.sendMessages;
    exchange.open(frame, operation, exclusive);
    this.#connection.begin(exclusive);
    this.#handling = true;
    this.#dispatch(exchange, operation);
    this.#handling = false;
  }

  skipped(head: Buffer, at: number, status: number): void {
    const operation = requestOperation(head, at);
    if (operation === Operation.nonReplicated) this.#writeReply(head, at, operation, status, undefined);
    else this.#writeEviction(requestClient(head, at), EvictionReason.noSession);
  }

  refused(): void {
    // A frame that is none has no answer.
  }

  stopping(): void {
    // 0.9 knows no notice: the end of the connection is the message.
  }

  /** An exchange was answered: it can serve another request. */
  closeExchange(exchange: VsrExchange): void {
    this.#idleExchanges.push(exchange);
    this.#connection.answered(exchange.exclusive, !this.#handling);
  }

  #dispatch(exchange: VsrExchange, operation: number): void {
    const { services, client } = this.#connection;
    const { bytes, headerStart } = exchange;
    if (requestHeaderFault(bytes, headerStart) !== undefined) {
      exchange.fail(errorCodes['invalid-command']);
      return;
    }
    if (hasRequestChecksum(bytes, headerStart)) {
      const body = bytes.subarray(exchange.bodyStart, exchange.end);
      if (services.engine.xxh3(body) !== requestChecksum(bytes, headerStart)) {
        exchange.fail(errorCodes['invalid-format']);
        return;
      }
    }
    client.lastSeenMs = services.clock.nowMs();
    if (operation === Operation.nonReplicated) this.#read(exchange);
    else if (operation === Operation.register || operation === Operation.logout) this.#session(exchange, operation);
    else if (client.userId === undefined) this.#evict(exchange, EvictionReason.noSession);
    else if (isInternalOperation(operation)) exchange.fail(errorCodes['invalid-command']);
    else if (operation === Operation.sendMessages) services.sendMessages(exchange);
    else this.#write(exchange, operation);
  }

  /** Reads and pings: operation 2 with a classic code. */
  #read(exchange: VsrExchange): void {
    const { services, client } = this.#connection;
    const code = requestCode(exchange.bytes, exchange.headerStart);
    if (classicLoginCodes.has(code)) {
      this.#evict(exchange, EvictionReason.malformedLogin);
      return;
    }
    const command = commandByCode(code, 'vsr');
    const handler = services.handlers.byCode(code, 'vsr');
    if (client.userId === undefined && handler?.login !== 'none') exchange.fail(errorCodes.unauthenticated);
    else if (code === pollMessagesCode) services.pollMessages(exchange);
    else if (command === undefined) exchange.fail(errorCodes['invalid-command']);
    else if (handler === undefined || command.operation !== Operation.nonReplicated) exchange.fail(errorCodes['feature-unavailable']);
    else this.#control(exchange, handler, (outcome) => this.#finish(exchange, outcome));
  }

  #session(exchange: VsrExchange, operation: number): void {
    const handler = this.#connection.services.handlers.byOperation(operation) as Handler;
    if (operation === Operation.logout && this.#connection.client.userId === undefined) {
      exchange.reply(operation, 0, undefined);
      return;
    }
    this.#connection.client.presentedClientId = requestClient(exchange.bytes, exchange.headerStart);
    this.#control(exchange, handler, (outcome) => {
      if (outcome.kind === 'reply') this.#history.clear();
      this.#finish(exchange, outcome);
    });
  }

  /** Metadata operations, executed at most once a number, and consumer offsets, which bear repetition. */
  #write(exchange: VsrExchange, operation: number): void {
    const handler = this.#connection.services.handlers.byOperation(operation);
    if (handler === undefined) {
      exchange.fail(errorCodes[commandByOperation(operation) === undefined ? 'invalid-command' : 'feature-unavailable']);
      return;
    }
    if (operation > Operation.sendMessages) {
      this.#control(exchange, handler, (outcome) => this.#finish(exchange, outcome));
      return;
    }
    const number = requestNumber(exchange.bytes, exchange.headerStart);
    const known = this.#history.find(number);
    if (known === 'forgotten') {
      exchange.reply(replyOperation(operation), 0, resultSection(errorCodes['request-already-applied']));
      return;
    }
    if (known !== undefined) {
      exchange.replyAgain(known);
      return;
    }
    this.#control(exchange, handler, (outcome) => {
      const frame = this.#finish(exchange, outcome);
      const executed = outcome.kind === 'reply' || (outcome.kind === 'failure' && !outcome.early);
      if (frame !== undefined && executed) this.#history.remember(number, frame);
    });
  }

  #control(exchange: VsrExchange, handler: Handler, done: (outcome: ControlOutcome) => void): void {
    const body = Buffer.from(exchange.bytes.subarray(exchange.bodyStart, exchange.end));
    const outcome = runControl(this.#connection.services, this.#connection.client, 'vsr', handler, body);
    if (outcome instanceof Promise) void outcome.then(done);
    else done(outcome);
  }

  /** Answers; returns a copy of the reply frame of a metadata operation. */
  #finish(exchange: VsrExchange, outcome: ControlOutcome): Buffer | undefined {
    const { operation } = exchange;
    if (outcome.kind === 'eviction') {
      this.#evict(exchange, outcome.reason);
      return undefined;
    }
    const bytesMax = this.#connection.services.limits.frameBytesMax - vsrHeaderBytes - 4;
    if (outcome.kind === 'reply' && outcome.body.length > bytesMax) {
      exchange.fail(errorCodes['invalid-size-bytes']);
      return undefined;
    }
    if (outcome.kind === 'failure' && (outcome.early || operation >= Operation.sendMessages || !hasResultSection(operation))) {
      const byte = operation === Operation.deleteSegments && !outcome.early ? undefined : operation;
      if (byte !== undefined) {
        exchange.reply(byte, outcome.status, undefined);
        return undefined;
      }
    }
    const replied = replyOperation(operation);
    if (outcome.kind === 'failure') return exchange.reply(replied, 0, resultSection(outcome.status));
    const body = hasResultSection(replied) ? Buffer.concat([resultSection(0), outcome.body]) : outcome.body;
    return exchange.reply(replied, 0, body);
  }

  #evict(exchange: VsrExchange, reason: EvictionReason): void {
    this.#writeEviction(requestClient(exchange.bytes, exchange.headerStart), reason);
    exchange.close();
  }

  #writeEviction(clientId: bigint, reason: EvictionReason): void {
    const { output } = this.#connection;
    const at = output.reserve(vsrHeaderBytes);
    const versioned = reason === EvictionReason.incompatibleProtocol;
    // Zero names no client, and clients refuse an eviction of nobody.
    writeEviction(output.buffer, at, {
      client: clientId || 1n,
      reason,
      protocolVersion: versioned ? protocolVersion : 0,
      protocolVersionMin: versioned ? protocolVersionMin : 0,
    });
  }

  #writeReply(head: Buffer, headAt: number, operation: number, status: number, body: Buffer | undefined): void {
    const { output } = this.#connection;
    const at = output.reserve(vsrHeaderBytes + (body?.length ?? 0));
    writeReplyHeader(output.buffer, at, head, headAt, operation, status, body?.length ?? 0);
    body?.copy(output.buffer, at + vsrHeaderBytes);
  }
}

function resultSection(status: number): Buffer {
  const writer = new Writer(12);
  writeResult(writer, status);
  return writer.written;
}
