// Requests of Iggy 0.9 clients: each answered by a frame that echoes its number. Sends, and polls that wait, do not hold up what follows them, so that later replies may overtake
// theirs; all others are handled one after another. Metadata operations are remembered: a number that was executed is answered again, not executed again.

import type { Handler } from '../handlers/handler.ts';
import { commandByCode, commandByOperation } from '../protocol/commands/registry.ts';
import { waitForMessages } from '../protocol/commands/wait-for-messages.ts';
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
import {
  codeOfOperation,
  EvictionReason,
  evictionName,
  hasResultSection,
  isInternalOperation,
  Operation,
  replyOperation,
  VsrCommand,
} from '../protocol/operations.ts';
import { protocolVersion, protocolVersionMin } from '../protocol/primitives/protocol-version.ts';
import { Writer } from '../protocol/writer.ts';
import type { Carrier } from './carrier.ts';
import type { ControlOutcome } from './control.ts';
import type { Admission, Frame } from './frame-reader.ts';
import type { Answer } from './reply-history.ts';
import type { RequestObserver, RequestSubject } from './request-observer.ts';
import type { Requests } from './requests.ts';
import { VsrExchange } from './vsr-exchange.ts';
import type { VsrSession } from './vsr-session.ts';

const pollMessagesCode = 100;
const classicLoginCodes = new Set([38, 44]);
const take: Admission = { kind: 'take' };
const nothing = Buffer.alloc(0);
const noCode = 0;
const noSubject: RequestSubject = { stream: undefined, topic: undefined };

export class VsrRequests implements Requests {
  readonly #carrier: Carrier;
  readonly #observer: RequestObserver | undefined;
  readonly #session: VsrSession;
  readonly #idleExchanges: VsrExchange[] = [];
  /** True while `frame` runs: an answer given meanwhile needs no resumption. */
  #handling = false;

  constructor(carrier: Carrier, session: VsrSession) {
    this.#carrier = carrier;
    this.#observer = carrier.services.observers?.vsr;
    this.#session = session;
  }

  admit(head: Buffer, at: number, totalBytes: number): Admission {
    const { limits } = this.#carrier.services;
    const sound = totalBytes >= vsrHeaderBytes && totalBytes <= limits.frameBytesMax && frameCommand(head, at) === VsrCommand.request;
    if (!sound) return { kind: 'close', status: 0 };
    if (this.#carrier.client.userId === undefined && totalBytes > limits.anonymousFrameBytesMax) {
      return { kind: 'skip', status: errorCodes.unauthenticated };
    }
    return take;
  }

  frame(frame: Frame): void {
    const exchange = this.#idleExchanges.pop() ?? new VsrExchange(this.#carrier, this);
    const operation = requestOperation(frame.bytes, frame.start);
    const waits = operation === Operation.nonReplicated && requestCode(frame.bytes, frame.start) === waitForMessages.code;
    const exclusive = operation !== Operation.sendMessages && !waits;
    exchange.open(frame, operation, exclusive);
    if (this.#observer !== undefined) exchange.startedMs = this.#observer.now();
    this.#carrier.begin(exclusive);
    this.#handling = true;
    this.#dispatch(exchange, operation);
    this.#handling = false;
  }

  skipped(head: Buffer, at: number, status: number): void {
    const operation = requestOperation(head, at);
    if (operation === Operation.nonReplicated) this.#writeStatus(head, at, operation, status);
    else this.#writeEviction(requestClient(head, at), EvictionReason.noSession);
    const code = codeOf(head, at, operation);
    this.#observer?.answered(code, this.#observer.now(), status, this.#carrier.client, noSubject);
  }

  refused(): void {
    // A frame that is none has no answer.
  }

  stale(clientId: bigint | undefined): void {
    // The connection stays, and may log in again.
    if (clientId !== undefined) this.#writeEviction(clientId, EvictionReason.staleClient);
  }

  stopping(): void {
    // 0.9 knows no notice: the end of the connection is the message.
  }

  /** An exchange was answered: it can serve another request. */
  closeExchange(exchange: VsrExchange): void {
    if (this.#observer !== undefined) this.#observed(exchange, this.#observer);
    this.#idleExchanges.push(exchange);
    this.#carrier.answered(exchange.exclusive, !this.#handling);
  }

  #observed(exchange: VsrExchange, observer: RequestObserver): void {
    const { topic, subject } = exchange;
    if (topic !== undefined) {
      subject.stream = topic.streamId;
      subject.topic = topic.id;
    }
    observer.answered(codeOf(exchange.header, 0, exchange.operation), exchange.startedMs, exchange.failure, this.#carrier.client, subject);
  }

  #dispatch(exchange: VsrExchange, operation: number): void {
    const { services, client } = this.#carrier;
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
    else if (operation === Operation.register || operation === Operation.logout) this.#signIn(exchange, operation);
    else if (client.userId === undefined) this.#evict(exchange, EvictionReason.noSession);
    else if (isInternalOperation(operation)) exchange.fail(errorCodes['invalid-command']);
    else if (operation === Operation.sendMessages) services.sendMessages(exchange);
    else this.#write(exchange, operation);
  }

  /** Reads and pings: operation 2 with a classic code. */
  #read(exchange: VsrExchange): void {
    const { services, client } = this.#carrier;
    const code = requestCode(exchange.bytes, exchange.headerStart);
    if (classicLoginCodes.has(code)) {
      this.#evict(exchange, EvictionReason.malformedLogin);
      return;
    }
    const command = commandByCode(code, 'vsr');
    const handler = services.handlers.byCode(code, 'vsr');
    if (client.userId === undefined && handler?.login !== 'none') exchange.fail(errorCodes.unauthenticated);
    else if (code === pollMessagesCode) services.pollMessages(exchange);
    else if (code === waitForMessages.code) services.waitForMessages(exchange);
    else if (command === undefined) exchange.fail(errorCodes['invalid-command']);
    else if (handler === undefined || command.operation !== Operation.nonReplicated) exchange.fail(errorCodes['feature-unavailable']);
    else this.#control(exchange, handler, (outcome) => this.#finish(exchange, outcome));
  }

  #signIn(exchange: VsrExchange, operation: number): void {
    const handler = this.#carrier.services.handlers.byOperation(operation) as Handler;
    if (operation === Operation.logout && this.#carrier.client.userId === undefined) {
      exchange.reply({ operation, body: nothing });
      return;
    }
    this.#carrier.client.presentedClientId = requestClient(exchange.bytes, exchange.headerStart);
    this.#control(exchange, handler, (outcome) => {
      if (outcome.kind === 'reply') this.#session.history.clear();
      if (outcome.kind === 'failure' && outcome.early) this.#evict(exchange, EvictionReason.malformedLogin);
      else this.#finish(exchange, outcome);
    });
  }

  /** Metadata operations, executed at most once a number, and consumer offsets, which bear repetition. */
  #write(exchange: VsrExchange, operation: number): void {
    const handler = this.#carrier.services.handlers.byOperation(operation);
    if (handler === undefined) {
      exchange.fail(errorCodes[commandByOperation(operation) === undefined ? 'invalid-command' : 'feature-unavailable']);
      return;
    }
    if (operation > Operation.sendMessages) {
      this.#control(exchange, handler, (outcome) => this.#finish(exchange, outcome));
      return;
    }
    const number = requestNumber(exchange.bytes, exchange.headerStart);
    const body = ownBody(exchange);
    this.#session.exclusively(() => this.#writeOnce(exchange, handler, number, body));
  }

  #writeOnce(exchange: VsrExchange, handler: Handler, number: bigint, body: Buffer): void {
    const known = this.#session.history.find(number);
    if (known === 'forgotten') {
      exchange.reply({ operation: replyOperation(exchange.operation), body: resultSection(errorCodes['request-already-applied']) });
      this.#session.next();
      return;
    }
    if (known === 'secret') {
      exchange.reply({ operation: exchange.operation, body: resultSection(errorCodes['personal-access-token-already-exists']) });
      this.#session.next();
      return;
    }
    if (known !== undefined) {
      exchange.reply(known);
      this.#session.next();
      return;
    }
    this.#run(exchange, handler, body, (outcome) => {
      const answer = this.#finish(exchange, outcome);
      const secret = outcome.kind === 'reply' && exchange.operation === Operation.createPersonalAccessToken;
      if (answer !== undefined) this.#session.history.remember(number, secret ? 'secret' : answer);
      this.#session.next();
    });
  }

  #control(exchange: VsrExchange, handler: Handler, done: (outcome: ControlOutcome) => void): void {
    this.#run(exchange, handler, ownBody(exchange), done);
  }

  #run(exchange: VsrExchange, handler: Handler, body: Buffer, done: (outcome: ControlOutcome) => void): void {
    const { services, client } = this.#carrier;
    const outcome = services.runControl(client, 'vsr', handler, body, exchange.subject);
    if (outcome instanceof Promise) void outcome.then(done);
    else done(outcome);
  }

  /** Answers. Returns the answer of a command that was executed: a refusal that came before has none to remember. */
  #finish(exchange: VsrExchange, outcome: ControlOutcome): Answer | undefined {
    if (outcome.kind === 'eviction') {
      this.#evict(exchange, outcome.reason);
      return undefined;
    }
    const operation = replyOperation(exchange.operation);
    const hasResult = hasResultSection(operation);
    if (outcome.kind === 'failure' && (outcome.early || !hasResult || operation >= Operation.sendMessages)) {
      exchange.fail(outcome.status);
      return undefined;
    }
    const body =
      outcome.kind === 'failure'
        ? resultSection(outcome.status)
        : hasResult
          ? Buffer.concat([resultSection(0), outcome.body])
          : outcome.body;
    if (body.length > this.#carrier.replyBytesMax - vsrHeaderBytes) {
      exchange.fail(errorCodes['invalid-size-bytes']);
      return undefined;
    }
    if (outcome.kind === 'failure') exchange.failure = outcome.status;
    const answer = { operation, body };
    exchange.reply(answer);
    return answer;
  }

  #evict(exchange: VsrExchange, reason: EvictionReason): void {
    this.#writeEviction(exchange.clientId, reason);
    exchange.failure = `evicted-${evictionName(reason)}`;
    exchange.close();
  }

  #writeEviction(clientId: bigint, reason: EvictionReason): void {
    const { output } = this.#carrier;
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

  #writeStatus(head: Buffer, headAt: number, operation: number, status: number): void {
    const { output } = this.#carrier;
    const at = output.reserve(vsrHeaderBytes);
    writeReplyHeader(output.buffer, at, head, headAt, operation, status, 0);
  }
}

/** The classic code that stands for the request's command. */
function codeOf(head: Buffer, at: number, operation: number): number {
  return operation === Operation.nonReplicated ? requestCode(head, at) : (codeOfOperation(operation) ?? noCode);
}

/** A copy: the bytes of a request may be gone when its handler goes on. */
function ownBody(exchange: VsrExchange): Buffer {
  return Buffer.from(exchange.bytes.subarray(exchange.bodyStart, exchange.end));
}

function resultSection(status: number): Buffer {
  const writer = new Writer(12);
  writeResult(writer, status);
  return writer.written;
}
