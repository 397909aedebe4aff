// A request on its way: what is sent, what may happen to it, and the promise that waits for it. It outlives connections.

import type { Command } from '../../protocol/command.ts';
import { type ClientError, type ClosedError, type ConnectionError, TimeoutError } from './errors.ts';

/** What every call can be told. */
export interface CallOptions {
  /** Milliseconds until the call gives up; 0 never. Default: the client's `timeoutMs`. */
  timeoutMs?: number;
  /** Ends the wait. A request that was on the wire may be carried out all the same. */
  signal?: AbortSignal;
}

export class Call {
  readonly command: Command<unknown, unknown>;
  readonly body: Uint8Array;
  /** May be sent again on another connection, though its first copy may have been carried out. */
  readonly repeatable: boolean;
  /** The server may leave it unanswered for long: it owes nothing meanwhile. */
  readonly waits: boolean;
  /** VSR request number; that of a write is kept when the call is sent again, so that the server can recognise it. 0: none yet. */
  number = 0;
  /** Was on the wire of some connection. */
  written = false;
  settled = false;
  readonly #resolve: (body: Buffer) => void;
  readonly #reject: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;

  constructor(
    command: Command<unknown, unknown>,
    body: Uint8Array,
    { repeatable, waits = false }: { repeatable: boolean; waits?: boolean },
    resolve: (body: Buffer) => void,
    reject: (error: unknown) => void,
  ) {
    this.command = command;
    this.body = body;
    this.repeatable = repeatable;
    this.waits = waits;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Limits the wait; `givenUp` is called when the limit ended it. */
  limit(timeoutMs: number, signal: AbortSignal | undefined, givenUp: () => void): void {
    if (timeoutMs > 0 && Number.isFinite(timeoutMs)) {
      this.#timer = setTimeout(() => {
        this.reject(new TimeoutError('timeout', `${this.command.name}: no answer within ${timeoutMs} ms`, { outcome: this.outcome }));
        givenUp();
      }, timeoutMs);
    }
    if (signal !== undefined) {
      const abort = () => {
        this.reject(signal.reason);
        givenUp();
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#stopListening = () => signal.removeEventListener('abort', abort);
    }
  }

  get outcome(): 'not-executed' | 'unknown' {
    return this.written ? 'unknown' : 'not-executed';
  }

  /** With the reply's body. */
  resolve(body: Buffer): void {
    if (this.#settle()) this.#resolve(body);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Rejects with an error of the connection, saying what is known about the request. */
  abandon(Class: typeof ConnectionError | typeof ClosedError, cause: ClientError): void {
    this.reject(new Class(cause.code, `${this.command.name}: ${cause.message}`, { outcome: this.outcome, cause }));
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.#timer);
    this.#stopListening?.();
    return true;
  }
}
