// One timer for many deadlines. Deadlines of connections move with almost every packet, mostly to a later time: a sleeper that comes up too early is put back, so that
// moving a deadline to a later time costs nothing.

/** Something that wants to be woken. */
export interface Sleeper {
  /** When, in the clock of `now`; infinity for never. */
  deadlineMs: number;
  /** When it comes up, and its place in the heap, or -1: kept by Deadlines. */
  scheduledMs: number;
  heapIndex: number;
  wake(nowMs: number): void;
}

export class Deadlines {
  readonly #now: () => number;
  readonly #woken: () => void;
  /** A binary heap by `scheduledMs`; each sleeper stands in it at most once. */
  readonly #heap: Sleeper[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** `woken` is called after all sleepers that were due have been woken. */
  constructor(now: () => number, woken: () => void) {
    this.#now = now;
    this.#woken = woken;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The sleeper's deadline has changed. */
  update(sleeper: Sleeper): void {
    if (sleeper.heapIndex >= 0 && sleeper.deadlineMs >= sleeper.scheduledMs) return;
    this.#schedule(sleeper, sleeper.deadlineMs);
    this.#arm();
  }

  remove(sleeper: Sleeper): void {
    const { heapIndex } = sleeper;
    if (heapIndex < 0) return;
    const last = this.#heap.pop() as Sleeper;
    sleeper.heapIndex = -1;
    if (last === sleeper) return;
    this.#place(last, heapIndex);
    this.#sink(this.#rise(heapIndex));
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const sleeper of this.#heap.splice(0)) sleeper.heapIndex = -1;
  }

  #schedule(sleeper: Sleeper, atMs: number): void {
    this.remove(sleeper);
    if (atMs === Number.POSITIVE_INFINITY) return;
    sleeper.scheduledMs = atMs;
    this.#place(sleeper, this.#heap.length);
    this.#rise(sleeper.heapIndex);
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.scheduledMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = first.scheduledMs;
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, Math.ceil(first.scheduledMs - this.#now())));
  }

  #fire(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#now();
    for (let first = this.#heap[0]; first !== undefined && first.scheduledMs <= nowMs; first = this.#heap[0]) {
      this.remove(first);
      if (first.deadlineMs <= nowMs) first.wake(nowMs);
      // One that is still due comes up in the next round, never in this one.
      if (first.heapIndex < 0) this.#schedule(first, Math.max(first.deadlineMs, nowMs + 1));
    }
    this.#woken();
    this.#arm();
  }

  #place(sleeper: Sleeper, index: number): void {
    this.#heap[index] = sleeper;
    sleeper.heapIndex = index;
  }

  /** Moves a sleeper up to its place; returns where that is. */
  #rise(index: number): number {
    const heap = this.#heap;
    const sleeper = heap[index] as Sleeper;
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Sleeper;
      if (above.scheduledMs <= sleeper.scheduledMs) break;
      this.#place(above, at);
      at = parent;
    }
    this.#place(sleeper, at);
    return at;
  }

  #sink(index: number): void {
    const heap = this.#heap;
    const sleeper = heap[index] as Sleeper;
    let at = index;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Sleeper).scheduledMs < (heap[child] as Sleeper).scheduledMs) child++;
      const below = heap[child] as Sleeper;
      if (below.scheduledMs >= sleeper.scheduledMs) break;
      this.#place(below, at);
      at = child;
    }
    this.#place(sleeper, at);
  }
}
