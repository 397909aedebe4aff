// Polls that wait for messages: who is woken by what.
//
// A wait costs nothing while nothing happens. It ends when its partition has enough messages for it, when the partition was purged or is gone, when its group was dealt out
// anew, when its client wants or may no longer wait, or at its deadline. Whatever happens in one turn of the event loop is looked at once, at the turn's end, so that a
// commit group of many appends wakes its waiters once. The deadlines are Node's timers, which are a wheel already: lists by duration behind one timer of the system.

import type { PartitionStats } from '../storage/engine.ts';
import type { ClientRecord } from './clients.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { singleThread, type ThreadSharing } from './thread-sharing.ts';

/** `look`: poll now, and answer with what there is. `resync`: the group has changed. `stopped`: nobody wants the answer. */
export type WaitEnd = 'look' | 'resync' | 'stopped';

export interface PollWait {
  readonly client: ClientRecord;
  /** Number of the request. */
  readonly request: bigint;
  /** The engine's handle. */
  readonly partition: number;
  readonly group: ConsumerGroup | undefined;
  /** Milliseconds from now to the deadline. */
  readonly waitMs: number;
  /** Whether the partition has what is waited for. */
  enough(stats: PartitionStats): boolean;
  /** Called once. */
  ended(end: WaitEnd): void;
}

export interface PollWaitLimits {
  waitingPollsMax: number;
  waitingPollsPerClientMax: number;
}

interface Waiting {
  readonly wait: PollWait;
  /** Next offset of the partition when the wait began: one that has fewer later was purged. */
  readonly nextOffset: number;
  readonly timer: NodeJS.Timeout;
}

/** A partition with very many waiters does not keep everything else from being served. */
const endedAtOnceMax = 1000;

export class PollWaits {
  readonly #statsOf: (partition: number) => PartitionStats;
  readonly #limits: PollWaitLimits;
  readonly #sharing: Pick<ThreadSharing, 'waitBegan' | 'waitEnded'>;
  readonly #byPartition = new Index<number>();
  readonly #byGroup = new Index<ConsumerGroup>();
  readonly #byClient = new Index<ClientRecord>();
  readonly #changedPartitions = new Set<number>();
  readonly #changedGroups = new Set<ConsumerGroup>();
  #size = 0;
  #scheduled = false;
  #closed = false;

  constructor(
    statsOf: (partition: number) => PartitionStats,
    limits: PollWaitLimits,
    sharing: Pick<ThreadSharing, 'waitBegan' | 'waitEnded'> = singleThread(),
  ) {
    this.#statsOf = statsOf;
    this.#limits = limits;
    this.#sharing = sharing;
  }

  get size(): number {
    return this.#size;
  }

  /** False: there is nothing to wait for, or too many wait already; the poll is to be answered at once. */
  add(wait: PollWait): boolean {
    const { waitingPollsMax, waitingPollsPerClientMax } = this.#limits;
    if (this.#closed || this.#size >= waitingPollsMax || this.#byClient.count(wait.client) >= waitingPollsPerClientMax) return false;
    this.#sharing.waitBegan(wait.partition);
    const stats = this.#statsOf(wait.partition);
    if (stats.state !== 'ready' || wait.enough(stats)) {
      this.#sharing.waitEnded(wait.partition);
      return false;
    }
    const timer = setTimeout(() => this.#end(waiting, 'look'), wait.waitMs);
    const waiting: Waiting = { wait, nextOffset: stats.nextOffset, timer };
    this.#byPartition.add(wait.partition, waiting);
    this.#byClient.add(wait.client, waiting);
    if (wait.group !== undefined) this.#byGroup.add(wait.group, waiting);
    this.#size++;
    return true;
  }

  /** Messages or offsets of the partition are others than before, or it is gone. */
  partitionChanged(partition: number): void {
    if (this.#byPartition.count(partition) === 0) return;
    this.#changedPartitions.add(partition);
    this.#schedule();
  }

  /** Its members may read other partitions than before. */
  groupChanged(group: ConsumerGroup): void {
    if (this.#byGroup.count(group) === 0) return;
    this.#changedGroups.add(group);
    this.#schedule();
  }

  groupGone(group: ConsumerGroup): void {
    for (const waiting of this.#byGroup.list(group)) this.#end(waiting, 'look');
  }

  /** The login under which the client waits is over. */
  loginEnded(client: ClientRecord): void {
    for (const waiting of this.#byClient.list(client)) this.#end(waiting, 'look');
  }

  /** The client takes back a request. */
  stop(client: ClientRecord, request: bigint): void {
    for (const waiting of this.#byClient.list(client)) if (waiting.wait.request === request) this.#end(waiting, 'stopped');
  }

  /** Nobody wants the answer of a wait any more. Nothing happens if it has ended. */
  abandon(wait: PollWait): void {
    for (const waiting of this.#byClient.list(wait.client)) if (waiting.wait === wait) this.#end(waiting, 'stopped');
  }

  /** Ends every wait; later ones do not begin. */
  close(): void {
    this.#closed = true;
    for (const waiting of this.#byClient.all()) this.#end(waiting, 'look');
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#endAll(this.#due());
    });
  }

  /** What the changes of this turn put an end to. */
  #due(): [Waiting, WaitEnd][] {
    const due: [Waiting, WaitEnd][] = [];
    for (const group of this.#changedGroups) for (const waiting of this.#byGroup.list(group)) due.push([waiting, 'resync']);
    for (const partition of this.#changedPartitions) {
      const stats = this.#statsOf(partition);
      for (const waiting of this.#byPartition.list(partition)) {
        const { wait, nextOffset } = waiting;
        if (stats.state !== 'ready' || stats.nextOffset < nextOffset || wait.enough(stats)) due.push([waiting, 'look']);
      }
    }
    this.#changedGroups.clear();
    this.#changedPartitions.clear();
    return due;
  }

  #endAll(due: readonly [Waiting, WaitEnd][]): void {
    for (const [waiting, end] of due.slice(0, endedAtOnceMax)) this.#end(waiting, end);
    if (due.length > endedAtOnceMax) setImmediate(() => this.#endAll(due.slice(endedAtOnceMax)));
  }

  #end(waiting: Waiting, end: WaitEnd): void {
    const { wait, timer } = waiting;
    if (!this.#byClient.remove(wait.client, waiting)) return;
    this.#byPartition.remove(wait.partition, waiting);
    if (wait.group !== undefined) this.#byGroup.remove(wait.group, waiting);
    this.#size--;
    this.#sharing.waitEnded(wait.partition);
    clearTimeout(timer);
    wait.ended(end);
  }
}

/** Sets by key, of which none is kept empty. */
class Index<Key> {
  readonly #sets = new Map<Key, Set<Waiting>>();

  count(key: Key): number {
    return this.#sets.get(key)?.size ?? 0;
  }

  /** A copy: ending a wait changes the set. */
  list(key: Key): Waiting[] {
    return [...(this.#sets.get(key) ?? [])];
  }

  all(): Waiting[] {
    return [...this.#sets.values()].flatMap((set) => [...set]);
  }

  add(key: Key, waiting: Waiting): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([waiting]));
    else set.add(waiting);
  }

  /** False: it is not there. */
  remove(key: Key, waiting: Waiting): boolean {
    const set = this.#sets.get(key);
    if (set === undefined || !set.delete(waiting)) return false;
    if (set.size === 0) this.#sets.delete(key);
    return true;
  }
}
