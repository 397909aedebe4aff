// Replies that wait for the end of the event loop's turn and are written one after another then.
//
// To write to a client that sleeps is to wake it, which takes the kernel longer than the rest of a small write. Written among the work on the next requests, each reply finds a client that
// has dealt with the one before and sleeps again; written in a row, all but the first find it awake.

/** Something to write, at the end of the turn in which it was given. */
export interface TurnReply {
  write(): void;
}

export class RepliesOfTurn {
  #waiting: TurnReply[] = [];
  readonly #write = (): void => {
    const replies = this.#waiting;
    this.#waiting = [];
    for (const reply of replies) reply.write();
  };

  /** To be called once a reply. Its `write` must not throw. */
  add(reply: TurnReply): void {
    // Immediates run when all sockets of the turn have been read.
    if (this.#waiting.push(reply) === 1) setImmediate(this.#write);
  }
}
