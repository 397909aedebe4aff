// Keeps asking what a consumer may read: at its start, now and then, after each new session, and whenever the server hints that something has changed.

import { ConnectionError, TimeoutError } from '../connection/errors.ts';
import { backgroundInterval } from '../connection/timers.ts';
import type { Assigned, Assignment } from './assignment.ts';

const retryDelayMs = 200;

export interface MembershipEvents {
  assigned(assigned: Assigned): void;
  troubled(error: unknown): void;
  /** Nothing further is to be asked. */
  over(): boolean;
}

export class Membership {
  readonly #assignment: Assignment;
  readonly #events: MembershipEvents;
  #refreshing = false;
  #refreshAgain = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(assignment: Assignment, events: MembershipEvents) {
    this.#assignment = assignment;
    this.#events = events;
  }

  /** The first answer; rejects with what stands in the way. */
  async begin(): Promise<void> {
    this.#events.assigned(await this.#assignment.refresh());
    const { refreshMs } = this.#assignment;
    if (refreshMs > 0 && !this.#events.over()) this.#timer = backgroundInterval(() => void this.refresh(), refreshMs);
  }

  /** Asks again; requests that come meanwhile are answered by one more. */
  async refresh(): Promise<void> {
    this.#refreshAgain = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    while (this.#refreshAgain && !this.#events.over()) {
      this.#refreshAgain = false;
      try {
        this.#events.assigned(await this.#assignment.refresh());
      } catch (error) {
        this.#events.troubled(error);
        await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
        this.#refreshAgain ||= error instanceof ConnectionError || error instanceof TimeoutError;
      }
    }
    this.#refreshing = false;
  }

  /** The server knows this member no longer. */
  lost(): void {
    this.#assignment.sessionLost();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  leave(): Promise<void> {
    return this.#assignment.leave();
  }
}
