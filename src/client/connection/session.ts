// One logged-in connection: requests out, answers in. Bounded by requests and bytes in flight. When it ends it hands back what was not answered, in the order of writing.

import type { Command, Generation } from '../../protocol/command.ts';
import { logoutUser } from '../../protocol/commands/logout-user.ts';
import { ping } from '../../protocol/commands/ping.ts';
import { stopWaiting } from '../../protocol/commands/stop-waiting.ts';
import { errorCodes } from '../../protocol/errors.ts';
import { Reader } from '../../protocol/reader.ts';
import { Writer } from '../../protocol/writer.ts';
import type { Link, LinkEvents, Transport } from '../transport/transport.ts';
import { Call } from './call.ts';
import { ClientError, ClosedError, ConnectionError, ProtocolViolationError, serverError } from './errors.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { backgroundInterval } from './timers.ts';
import type { Credentials, Wire } from './wire.ts';

export interface SessionLimits {
  /** Unanswered requests. */
  maxInFlight: number;
  /** Bodies of unanswered requests; a larger one goes alone. */
  maxInFlightBytes: number;
  /** Milliseconds without a request after which a ping is sent; 0 never. */
  heartbeatIntervalMs: number;
  /** Milliseconds that an unanswered request may hear nothing before the connection is given up; 0 for ever. */
  stallTimeoutMs: number;
}

export interface SessionEvents {
  /** There is room for further requests. */
  ready(): void;
  /** The server asks for this request again, a little later. */
  again(call: Call): void;
  /** Over. `unanswered` are those that the server may have carried out, `refused` those that it did not. */
  ended(error: ClientError, unanswered: readonly Call[]): void;
}

export class Session {
  readonly #wire: Wire;
  readonly #limits: SessionLimits;
  readonly #events: SessionEvents;
  readonly #splitter: FrameSplitter;
  /** In the order of writing. Calls that were given up stay until they are answered: the server is still at work on them. */
  readonly #inFlight = new Set<Call>();
  #inFlightBytes = 0;
  /** On the wire, but not in flight: the server owes no answer yet. */
  readonly #waits = new Set<Call>();
  /** Requests written so far: the number of the last one. */
  #written = 0;
  #link: Link | undefined;
  #ended: ClientError | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #lastWriteMs = 0;
  /** When something arrived, or the first of the requests in flight was written. */
  #lastSignMs = 0;
  /** The peer said something. */
  #heard = false;

  private constructor(wire: Wire, limits: SessionLimits, events: SessionEvents) {
    this.#wire = wire;
    this.#limits = limits;
    this.#events = events;
    this.#splitter = new FrameSplitter(wire.framing);
  }

  /** Opens a link and logs in. Rejects with the reason; its code is `otherGenerationCode` where the peer does not speak the wire's generation. */
  static async open(
    transport: Transport,
    wire: Wire,
    credentials: Credentials,
    limits: SessionLimits,
    events: SessionEvents,
    signal: AbortSignal,
  ): Promise<Session> {
    const session = new Session(wire, limits, events);
    const link: LinkEvents = {
      received: (chunk) => session.#received(chunk),
      room: () => session.#splitter.room(),
      filled: (room, length) => session.#readInto(room, length),
      answered: (number, reply) => session.#answered(number, reply),
      closed: (error) => session.#end(session.#heard ? lost(error) : unheard(error)),
    };
    try {
      session.#link = await transport.open(link, signal);
    } catch (error) {
      throw new ConnectionError('cannot-connect', `cannot connect: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
    await session.#login(credentials, signal);
    if (limits.heartbeatIntervalMs > 0) {
      session.#heartbeat = backgroundInterval(() => session.#beat(), limits.heartbeatIntervalMs);
    }
    return session;
  }

  get generation(): Generation {
    return this.#wire.generation;
  }

  /** Why it ended; undefined while it lives. */
  get end(): ClientError | undefined {
    return this.#ended;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Whether a request with a body of so many bytes may be written now. */
  hasRoomFor(bytes: number): boolean {
    if (this.#ended !== undefined || this.#inFlight.size >= this.#limits.maxInFlight) return false;
    return this.#inFlight.size === 0 || this.#inFlightBytes + bytes <= this.#limits.maxInFlightBytes;
  }

  /** A request of the session's own: never repeated on another one. Rejects with what the server answered, or with the reason of the session's end. */
  async ask<Reply>(command: Command<void, Reply>, timeoutMs: number): Promise<Reply> {
    const body = await this.#internal(command as Call['command'], new Uint8Array(0), timeoutMs);
    return command.decodeReply(new Reader(body), this.#wire.generation);
  }

  /** Nobody needs this reply any longer, nor what is a view of it. */
  recycle(reply: Uint8Array): void {
    this.#splitter.recycle(reply);
  }

  write(call: Call): void {
    const now = Date.now();
    this.#lastWriteMs = now;
    if (call.waits) {
      this.#waits.add(call);
    } else {
      if (this.#inFlight.size === 0) this.#lastSignMs = now;
      this.#inFlight.add(call);
      this.#inFlightBytes += call.body.length;
    }
    call.written = true;
    const number = ++this.#written;
    this.#link?.send(number, this.#wire.begin(call, number), call.body);
  }

  /** Nobody wants the answer to a request that may be waiting in the server: its place there is given back. */
  stopWaiting(call: Call): void {
    if (!this.#waits.has(call)) return;
    const writer = new Writer(8);
    stopWaiting.encodeRequest(writer, { request: BigInt(call.number) }, this.#wire.generation);
    this.#internal(stopWaiting, writer.written, 0).catch(() => undefined);
  }

  /** Nobody waits for answers any more. */
  abandon(error: ClosedError): void {
    for (const call of [...this.#inFlight, ...this.#waits]) call.abandon(ClosedError, error);
  }

  /** Logs out, so that the server forgets the session at once, then ends the link. */
  async close(timeoutMs: number): Promise<void> {
    await this.ask(logoutUser, timeoutMs).catch(() => undefined);
    this.#end(new ConnectionError('connection-lost', 'closed'));
  }

  /** Ends the link at once. */
  destroy(error: ClientError): void {
    this.#end(error);
  }

  async #login(credentials: Credentials, signal: AbortSignal): Promise<void> {
    const { command, request } = this.#wire.login(credentials);
    const writer = new Writer();
    command.encodeRequest(writer, request, this.#wire.generation);
    const abort = () => this.#end(new ConnectionError('cannot-connect', 'the login was not answered in time', { cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    try {
      const body = await this.#internal(command, writer.written, 0);
      this.#wire.loggedIn(command.decodeReply(new Reader(body), this.#wire.generation));
    } catch (error) {
      const reason = this.#ended ?? (ClientError.is(error) ? error : new ProtocolViolationError('protocol-violation', `${error}`));
      this.#end(reason);
      throw reason;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #internal(command: Call['command'], body: Uint8Array, timeoutMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = new Call(command, body, { repeatable: false }, resolve, reject);
      call.limit(timeoutMs, undefined, () => undefined);
      if (this.#ended === undefined) this.write(call);
      else call.reject(this.#ended);
    });
  }

  #received(chunk: Buffer): void {
    this.#take(chunk, () => this.#splitter.push(chunk, (frame) => this.#answer(frame, undefined)));
  }

  #readInto(room: Buffer, length: number): void {
    this.#take(room.subarray(0, length), () => this.#splitter.filled(room, length, (frame) => this.#answer(frame, undefined)));
  }

  #answered(number: number, reply: Buffer): void {
    this.#take(reply, () => {
      const { headerBytes, frameBytes } = this.#wire.framing;
      if (reply.length < headerBytes || frameBytes(reply, 0) !== reply.length)
        throw new ProtocolViolationError('protocol-violation', `a reply of ${reply.length} bytes is not a frame`);
      this.#answer(reply, number);
    });
  }

  #take(bytes: Buffer, answer: () => void): void {
    if (this.#ended !== undefined) return;
    this.#lastSignMs = Date.now();
    try {
      if (!this.#heard) this.#checkGeneration(bytes);
      answer();
    } catch (error) {
      this.#end(ClientError.is(error) ? error : new ProtocolViolationError('protocol-violation', `${error}`, { cause: error }));
    }
  }

  /** A VSR frame begins with a checksum that servers leave zero. A classic server takes a VSR login for a malformed frame and answers with its status. */
  #checkGeneration(chunk: Buffer): void {
    this.#heard = true;
    if (this.#wire.generation === 'vsr' && chunk.subarray(0, 4).some((byte) => byte !== 0)) throw otherGeneration();
  }

  #answer(frame: Buffer, number: number | undefined): boolean {
    const answer = this.#wire.answer(frame, number);
    if (answer.kind === 'ended') {
      if (answer.refused !== undefined) answer.refused.written = false;
      this.#end(answer.error);
      return false;
    }
    if (answer.kind === 'ignored') return true;
    const { call, status, body } = answer;
    if (!this.#waits.delete(call)) {
      this.#inFlight.delete(call);
      this.#inFlightBytes -= call.body.length;
    }
    if (status === 0) call.resolve(body);
    else this.#refused(call, status);
    this.#events.ready();
    return this.#ended === undefined;
  }

  #refused(call: Call, status: number): void {
    if (status === errorCodes['transient-not-accepted']) {
      // Not executed: a new number, because later ones may have been executed meanwhile.
      call.number = 0;
      call.written = false;
      this.#events.again(call);
    } else if (status === errorCodes['transient-not-committed']) {
      this.#events.again(call);
    } else {
      call.reject(serverError(status, call.command.name));
    }
  }

  #beat(): void {
    const now = Date.now();
    const { stallTimeoutMs, heartbeatIntervalMs } = this.#limits;
    if (stallTimeoutMs > 0 && this.#inFlight.size > 0 && now - this.#lastSignMs >= stallTimeoutMs) {
      this.#end(new ConnectionError('connection-lost', `nothing was heard for ${stallTimeoutMs} ms`));
    } else if (now - this.#lastWriteMs >= heartbeatIntervalMs) {
      this.ask(ping, 0).catch(() => undefined);
    }
  }

  #end(error: ClientError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    clearInterval(this.#heartbeat);
    this.#link?.destroy();
    const unanswered = [...this.#inFlight, ...this.#waits].filter((call) => !call.settled);
    this.#inFlight.clear();
    this.#waits.clear();
    this.#events.ended(error, unanswered);
  }
}

/** The peer answered, but not in the generation that it was asked in. */
export const otherGenerationCode = 'other-generation';

function otherGeneration(): ProtocolViolationError {
  return new ProtocolViolationError(otherGenerationCode, 'the server speaks another generation of the protocol');
}

/** The link ended before the peer said anything. */
export const unheardCode = 'closed-unheard';

function unheard(error: Error | undefined): ClientError {
  if (ClientError.is(error)) return error;
  const reason = error === undefined ? '' : `: ${error.message}`;
  return new ConnectionError(unheardCode, `the server closed the connection without an answer${reason}`, { cause: error });
}

function lost(error: Error | undefined): ClientError {
  if (ClientError.is(error)) return error;
  return new ConnectionError('connection-lost', error === undefined ? 'the server closed the connection' : error.message, { cause: error });
}
