// What verifying found to be damaged, by partition: the newest walk over a partition says what is known of it. Bounded; what goes beyond is counted all the same.

import type { Logger } from '../observability/logger.ts';
import type { Damage } from '../storage/verified-piece.ts';
import type { Partition } from './partition.ts';
import type { Topic } from './topic.ts';

/** Of a partition. */
const listedMax = 100;
/** In all. */
const keptMax = 10_000;

export interface PartitionPlace {
  stream: number;
  topic: number;
  partition: number;
}

export function placeOf(topic: Pick<Topic, 'streamId' | 'id'>, partition: Pick<Partition, 'id'>): PartitionPlace {
  return { stream: topic.streamId, topic: topic.id, partition: partition.id };
}

interface Known extends PartitionPlace {
  readonly damages: Damage[];
}

export class KnownDamage {
  readonly #log: Logger;
  readonly #known = new Map<Partition, Known>();
  #kept = 0;
  /** Stretches that were found since the start, each walk counting anew. */
  found = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  get partitions(): number {
    return this.#known.size;
  }

  *list(): Iterable<Readonly<Known>> {
    yield* this.#known.values();
  }

  /** A walk over the partition begins: what was known is found again, or is no more. */
  forget(partition: Partition): void {
    this.#kept -= this.#known.get(partition)?.damages.length ?? 0;
    this.#known.delete(partition);
  }

  /** Reports what a walk over the partition has found. */
  add(place: PartitionPlace, partition: Partition, damage: Damage): void {
    this.found++;
    this.#log.error({ ...place, ...damage }, 'stored messages are damaged');
    if (this.#kept >= keptMax) return;
    let known = this.#known.get(partition);
    if (known === undefined) {
      known = { ...place, damages: [] };
      this.#known.set(partition, known);
    }
    if (known.damages.length >= listedMax) return;
    known.damages.push(damage);
    this.#kept++;
  }

  /** Drops what is known of partitions that are gone. */
  keepOnly(exists: (partition: Partition) => boolean): void {
    for (const partition of [...this.#known.keys()]) if (!exists(partition)) this.forget(partition);
  }
}
