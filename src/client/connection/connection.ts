// A connection that lasts: sessions come and go under it, calls stay.
//
// A call waits until a session has room, is written, and waits for its answer. When a session ends, calls that may be repeated go back to the head of the queue in the order in
// which they were written, with the numbers that they have; the others fail and say that their outcome is unknown.

import type { Command, Generation } from '../../protocol/command.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { Reader } from '../../protocol/reader.ts';
import { Writer } from '../../protocol/writer.ts';
import { joinSignals } from '../transport/joined-signal.ts';
import type { ServerAddress, Transport } from '../transport/transport.ts';
import { backoffMs } from './backoff.ts';
import { Call, type CallOptions } from './call.ts';
import { Dialer } from './dialer.ts';
import {
  AuthenticationError,
  argumentError,
  type ClientError,
  ClosedError,
  ConnectionError,
  LimitError,
  ProtocolViolationError,
} from './errors.ts';
import type { Settings } from './options.ts';
import type { Session } from './session.ts';
import { sleep } from './timers.ts';

export interface ConnectionEvents {
  /** Logged in, for the first time or again. */
  connected(generation: Generation): void;
  disconnected(error: ClientError): void;
  /** An attempt follows after the delay. */
  reconnecting(attempt: number, delayMs: number): void;
  /** For good. The error says why, if nobody asked for it. */
  closed(error: ClientError | undefined): void;
}

/** `repeatable`: carrying it out twice does no harm, or the server recognises the copy. */
export interface RequestOptions extends CallOptions {
  repeatable: boolean;
  /** Milliseconds that the server may take before it begins with the answer; they come on top of the time-out. */
  waitMs?: number;
}

const againDelayMs = 50;
const logoutTimeoutMs = 1000;

export class Connection {
  readonly #settings: Settings;
  readonly #dialer: Dialer;
  readonly #ordered: boolean;
  readonly #events: ConnectionEvents;
  readonly #stop = new AbortController();
  /** Not written yet, or to be written again, from the head. */
  #waiting: Call[] = [];
  /** Settled calls are left in the queue; this counts the others. */
  #waitingCount = 0;
  /** Between two sends of a call that the server asked for again. */
  #pausing = 0;
  #session: Session | undefined;
  #closed: ClosedError | undefined;
  #idle: (() => void)[] = [];
  #sessionBeganMs = 0;

  constructor(settings: Settings, transport: Transport, events: ConnectionEvents) {
    this.#settings = settings;
    this.#ordered = transport.ordered;
    this.#events = events;
    this.#dialer = new Dialer(settings, transport, {
      ready: () => this.#pump(),
      again: (call) => this.#again(call),
      ended: (session, error, unanswered) => this.#ended(session, error, unanswered),
    });
  }

  /** Known from the first login on. */
  get generation(): Generation {
    const { generation } = this.#dialer;
    if (generation === undefined) throw new ConnectionError('cannot-connect', 'not connected yet');
    return generation;
  }

  /** Of the server that it speaks with, or spoke with last. Undefined: the transport has no addresses. */
  get address(): ServerAddress | undefined {
    return this.#dialer.address;
  }

  /** False: requests that are under way together may be carried out in any order. */
  get ordered(): boolean {
    return this.#ordered;
  }

  get connected(): boolean {
    return this.#session !== undefined;
  }

  /** The first login. Rejects, with the signal's reason if that was why, and closes, when it fails. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#openSession(signal);
    } catch (error) {
      this.#close(error as ClientError);
      throw signal?.aborted ? signal.reason : error;
    }
  }

  /** One request, one reply. Rejects with a ClientError, or with the signal's reason. */
  async request<Request, Reply>(command: Command<Request, Reply>, request: Request, options: RequestOptions): Promise<Reply> {
    options.signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#waitingCount >= this.#settings.maxWaiting) {
      throw new LimitError('too-many-requests', `${this.#waitingCount} requests wait already`);
    }
    const body = this.#encode(command, request);
    const { repeatable, waitMs, signal, timeoutMs = this.#settings.timeoutMs } = options;
    const reply = await new Promise<Buffer>((resolve, reject) => {
      const call = new Call(command as Command<unknown, unknown>, body, { repeatable, waits: waitMs !== undefined }, resolve, reject);
      call.limit(timeoutMs > 0 ? timeoutMs + (waitMs ?? 0) : 0, signal, () => this.#givenUp(call));
      this.#waiting.push(call);
      this.#waitingCount++;
      this.#pump();
    });
    return this.#decode(command, reply);
  }

  /** Nobody needs this reply any longer, nor what is a view of it: its memory may become that of the next one. */
  recycle(reply: Uint8Array): void {
    this.#session?.recycle(reply);
  }

  /** Resolves when no request waits or is in flight. */
  async settled(): Promise<void> {
    while (this.#waitingCount > 0 || this.#pausing > 0 || (this.#session?.inFlight ?? 0) > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  /** Logs out and closes; requests that are not answered yet fail. */
  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    const closed = new ClosedError('closed', 'the client is closed');
    this.#closed = closed;
    this.#abandonWaiting(closed);
    this.#session?.abandon(closed);
    await this.#session?.close(logoutTimeoutMs);
    this.#close(undefined);
  }

  #encode<Request, Reply>(command: Command<Request, Reply>, request: Request): Uint8Array {
    const writer = new Writer();
    try {
      command.encodeRequest(writer, request, this.generation);
    } catch (error) {
      throw ProtocolError.is(error) ? argumentError(error) : error;
    }
    return writer.written;
  }

  #decode<Request, Reply>(command: Command<Request, Reply>, body: Buffer): Reply {
    try {
      return command.decodeReply(new Reader(body), this.generation);
    } catch (error) {
      throw new ProtocolViolationError('protocol-violation', `${command.name}: the reply cannot be read`, {
        cause: error,
        outcome: 'unknown',
      });
    }
  }

  #pump(): void {
    const session = this.#session;
    let written = 0;
    for (const call of this.#waiting) {
      if (!call.settled) {
        if (session === undefined || !session.hasRoomFor(call.body.length)) break;
        this.#waitingCount--;
        session.write(call);
      }
      written++;
    }
    if (written > 0) this.#waiting = written === this.#waiting.length ? [] : this.#waiting.slice(written);
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#idle.length === 0 || this.#waitingCount > 0 || this.#pausing > 0 || (this.#session?.inFlight ?? 0) > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** A call ended by itself: if it waited, here or in the server, it waits no longer. */
  #givenUp(call: Call): void {
    this.#session?.stopWaiting(call);
    this.#waiting = this.#waiting.filter((call) => !call.settled);
    this.#waitingCount = this.#waiting.length;
    this.#tellIdle();
  }

  #requeue(calls: readonly Call[]): void {
    this.#waiting = [...calls, ...this.#waiting].filter((call) => !call.settled);
    this.#waitingCount = this.#waiting.length;
  }

  /** Also what a session asks for again keeps its place in time: before everything that was not sent yet. */
  #again(call: Call): void {
    this.#pausing++;
    setTimeout(() => {
      this.#pausing--;
      if (this.#closed !== undefined) call.reject(this.#closed);
      this.#requeue([call]);
      this.#pump();
    }, againDelayMs);
  }

  async #openSession(signal: AbortSignal | undefined): Promise<void> {
    const limit = joinSignals([this.#stop.signal, ...(signal === undefined ? [] : [signal])]);
    const session = await this.#dialer.open(limit.signal).finally(limit.release);
    this.#session = session;
    this.#sessionBeganMs = Date.now();
    this.#events.connected(session.generation);
    this.#pump();
  }

  #ended(session: Session | undefined, error: ClientError, unanswered: readonly Call[]): void {
    const again: Call[] = [];
    for (const call of unanswered) {
      if (this.#closed === undefined && (call.repeatable || !call.written)) again.push(call);
      else if (this.#closed !== undefined) call.abandon(ClosedError, this.#closed);
      else call.abandon(ConnectionError, error);
    }
    this.#requeue(again);
    if (session === undefined || session !== this.#session) return;
    this.#session = undefined;
    this.#tellIdle();
    if (this.#closed !== undefined) return;
    this.#events.disconnected(error);
    if (this.#settings.reconnect === undefined) this.#close(error);
    else void this.#reconnect(error);
  }

  async #reconnect(reason: ClientError): Promise<void> {
    const limits = this.#settings.reconnect as NonNullable<Settings['reconnect']>;
    let last = reason;
    for (let attempt = 1; attempt <= limits.retries; attempt++) {
      const rest = this.#sessionBeganMs + limits.reestablishAfterMs - Date.now();
      const delayMs = Math.max(rest, backoffMs(limits, attempt, Math.random()));
      this.#events.reconnecting(attempt, delayMs);
      await sleep(delayMs, this.#stop.signal);
      if (this.#closed !== undefined) return;
      try {
        await this.#openSession(undefined);
        return;
      } catch (error) {
        if (this.#closed !== undefined) return;
        last = error as ClientError;
        if (error instanceof AuthenticationError) break;
      }
    }
    this.#close(last);
  }

  #abandonWaiting(error: ClosedError): void {
    for (const call of this.#waiting.splice(0)) call.abandon(ClosedError, error);
    this.#waitingCount = 0;
  }

  /** For good. With an error: nobody asked for it. */
  #close(error: ClientError | undefined): void {
    if (this.#stop.signal.aborted) return;
    const closed = new ClosedError('closed', 'the client is closed', { cause: error });
    this.#closed = closed;
    this.#stop.abort(closed);
    this.#abandonWaiting(closed);
    this.#session = undefined;
    this.#tellIdle();
    this.#events.closed(error);
  }
}
