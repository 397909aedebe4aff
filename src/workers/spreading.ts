// When connections are spread over more threads, and when they are gathered again.
//
// A thread that is always busy serves small requests with the least work: it finds several each time it looks, where several threads sleep and are woken for almost every one. So
// connections share as few threads as can serve them. Half of those of a busy thread go to another one while a processor is idle, and those of the last thread go to another
// one that has room for its work. Both want to be seen several times in a row, and a pause follows each, so that nothing goes back and forth.

/** A thread as it was since the last look. */
export interface ThreadLoad {
  /** From 0. */
  readonly number: number;
  /** Share of the time in which its event loop did not wait, 0–1. */
  readonly utilisation: number;
  /** Connections that asked for something of late. */
  readonly activeConnections: number;
}

/** Between threads of these numbers. `spread`: half of the active connections of `from` go to `to`. `gather`: all of them do. */
export interface Spreading {
  readonly kind: 'spread' | 'gather';
  readonly from: number;
  readonly to: number;
}

const busy = 0.8;
const roomy = 0.6;
const idleProcessorsMin = 0.5;
const busyLooks = 3;
const quietLooks = 30;
const pauseLooks = 10;

export class SpreadingPolicy {
  #busyLooks = 0;
  #quietLooks = 0;
  #pauseLooks = 0;

  /**
   * To be called about every 100 ms, with all threads in the order of their numbers. Undefined: all stay where they are.
   * `idleProcessors`: how many did nothing since it was last called, which it is only if a thread is busy.
   */
  look(threads: readonly ThreadLoad[], idleProcessors: () => number): Spreading | undefined {
    if (this.#pauseLooks > 0) {
      this.#pauseLooks--;
      return undefined;
    }
    const spread = spreadOf(threads);
    this.#busyLooks = spread !== undefined && idleProcessors() >= idleProcessorsMin ? this.#busyLooks + 1 : 0;
    if (spread !== undefined && this.#busyLooks >= busyLooks) return this.#decided(spread);
    const gather = gatherOf(threads);
    this.#quietLooks = gather === undefined ? 0 : this.#quietLooks + 1;
    return gather !== undefined && this.#quietLooks >= quietLooks ? this.#decided(gather) : undefined;
  }

  #decided(spreading: Spreading): Spreading {
    this.#busyLooks = 0;
    this.#quietLooks = 0;
    this.#pauseLooks = pauseLooks;
    return spreading;
  }
}

function spreadOf(threads: readonly ThreadLoad[]): Spreading | undefined {
  const crowded = threads.filter(({ utilisation, activeConnections }) => utilisation > busy && activeConnections > 1);
  if (crowded.length === 0) return undefined;
  const from = crowded.reduce((most, other) => (other.activeConnections > most.activeConnections ? other : most));
  const to = leastBusy(threads);
  return to.utilisation < from.utilisation / 2 ? { kind: 'spread', from: from.number, to: to.number } : undefined;
}

function gatherOf(threads: readonly ThreadLoad[]): Spreading | undefined {
  const from = threads.findLast(({ number, activeConnections }) => number > 0 && activeConnections > 0);
  if (from === undefined) return undefined;
  const to = leastBusy(
    threads.filter(({ number, activeConnections }) => number === 0 || (activeConnections > 0 && number !== from.number)),
  );
  return from.utilisation + to.utilisation < roomy ? { kind: 'gather', from: from.number, to: to.number } : undefined;
}

/** The first, of several. */
function leastBusy(threads: readonly ThreadLoad[]): ThreadLoad {
  return threads.reduce((least, other) => (other.utilisation < least.utilisation ? other : least));
}
