// What the requests of one VSR connection share, however many streams carry them at once.

import { ReplyHistory } from './reply-history.ts';

export class VsrSession {
  readonly history = new ReplyHistory();
  readonly #waiting: (() => void)[] = [];
  #running = false;

  /**
   * Runs metadata operations one after another, so that a number is never executed twice side by side. `start` is called when no other is under way; it
   * leads to exactly one call of `next`, at once or later.
   */
  exclusively(start: () => void): void {
    if (this.#running) {
      this.#waiting.push(start);
      return;
    }
    this.#running = true;
    start();
  }

  next(): void {
    const start = this.#waiting.shift();
    if (start === undefined) this.#running = false;
    else start();
  }
}
