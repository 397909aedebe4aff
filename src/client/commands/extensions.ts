// What the server does beyond Iggy. A VSR server is asked once a session; others are not asked: servers of Iggy 0.9 refuse the unknown command with a status, and nothing else
// happens to the connection.

import { getExtensions } from '../../protocol/commands/get-extensions.ts';
import { ServerError } from '../connection/errors.ts';
import type { Requester } from './run.ts';

export class ServerExtensions {
  readonly #requester: Requester;
  #longestWaitMs: Promise<number> | undefined;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** The session is another one, perhaps on another server. */
  forget(): void {
    this.#longestWaitMs = undefined;
  }

  /** Milliseconds that a poll may wait in the server; 0: polls do not wait there. */
  longestWaitMs(): Promise<number> {
    if (this.#longestWaitMs !== undefined) return this.#longestWaitMs;
    const asked = this.#ask();
    this.#longestWaitMs = asked;
    // Whoever asks next asks again.
    asked.catch(() => {
      if (this.#longestWaitMs === asked) this.forget();
    });
    return asked;
  }

  async #ask(): Promise<number> {
    if (this.#requester.generation === 'classic') return 0;
    try {
      return (await this.#requester.request(getExtensions, undefined, { repeatable: true })).longestWaitMs;
    } catch (error) {
      if (isUnknownCommand(error)) return 0;
      throw error;
    }
  }
}

/** How servers refuse a command that they do not know. */
export function isUnknownCommand(error: unknown): boolean {
  return error instanceof ServerError && (error.code === 'invalid-command' || error.code === 'feature-unavailable');
}
