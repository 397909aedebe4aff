// Checks that an operator asks for: verifying a partition, reopening one that is fenced, giving up what of it is damaged.
//
// One check runs at a time, the others wait; each verifies the whole partition first, while it serves as before. A partition is reopened by closing it and opening it again as at a
// start of the server. Nothing is given up unless that was asked for, and how many messages it were is told and logged.

import { type Completion, EngineStatus } from '../storage/engine.ts';
import type { Damage } from '../storage/verified-piece.ts';
import { placeOf } from './known-damage.ts';
import { engineCall, type Partition } from './partition.ts';
import type { System } from './system.ts';
import type { Topic } from './topic.ts';
import { verifyPartition } from './verify-partition.ts';

const pieceBytes = 8 * 1024 * 1024;
const damagesListedMax = 100;

export interface PartitionCheck {
  readonly action: 'verify' | 'reopen' | 'give-up';
  phase: 'running' | 'ended' | 'failed';
  bytesVerified: number;
  bytesTotal: number;
  damagesCount: number;
  /** The first ones. */
  readonly damages: Damage[];
  reopened: boolean;
  messagesGivenUp: number;
}

export class PartitionChecks {
  readonly #system: System;
  /** By partition, also of a handle that was replaced since. */
  readonly #checks = new WeakMap<Partition, PartitionCheck>();
  #last: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(system: System) {
    this.#system = system;
  }

  /** The newest one of the partition. */
  of(partition: Partition): PartitionCheck | undefined {
    return this.#checks.get(partition);
  }

  /** Begins a check, unless one of this partition is under way. */
  begin(topic: Topic, partition: Partition, action: PartitionCheck['action']): void {
    if (this.#checks.get(partition)?.phase === 'running') return;
    const { storedBytes } = this.#system.engine.stats(partition.handle);
    const check: PartitionCheck = {
      action,
      phase: 'running',
      bytesVerified: 0,
      bytesTotal: storedBytes,
      damagesCount: 0,
      damages: [],
      reopened: false,
      messagesGivenUp: 0,
    };
    this.#checks.set(partition, check);
    this.#last = this.#last.then(() => this.#run(topic, partition, check));
  }

  /** Resolves when no check runs any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#last;
  }

  async #run(topic: Topic, partition: Partition, check: PartitionCheck): Promise<void> {
    const { engine, log, damage } = this.#system;
    const place = placeOf(topic, partition);
    if (this.#stopped) return;
    try {
      damage.forget(partition);
      for await (const piece of verifyPartition(engine, partition.handle, pieceBytes)) {
        if (this.#stopped) return;
        check.bytesVerified += piece.bytes;
        if (piece.damage === undefined) continue;
        damage.add(place, partition, piece.damage);
        check.damagesCount++;
        if (check.damages.length < damagesListedMax) check.damages.push(piece.damage);
      }
      if (check.action !== 'verify') await this.#system.mutate(() => this.#reopen(topic, partition, check));
      check.phase = 'ended';
    } catch (error) {
      check.phase = 'failed';
      log.error({ err: error, ...place }, 'the check of a partition failed');
    }
  }

  async #reopen(topic: Topic, partition: Partition, check: PartitionCheck): Promise<void> {
    const { engine, log, damage } = this.#system;
    const place = placeOf(topic, partition);
    if (topic.partitions[partition.id] !== partition) throw new Error('the partition was removed meanwhile');
    const giveUp = check.action === 'give-up';
    const { state } = engine.stats(partition.handle);
    if (check.damagesCount > 0 ? !giveUp : state === 'ready') return;

    await engineCall((done) => void engine.close(partition.handle, done));
    if (giveUp) await this.#giveUp(topic, partition, check);
    const row = { createdAt: String(partition.createdAt), incarnation: String(partition.incarnation), state: 'ready' as const };
    const reopened = await this.#system.openPartition(topic, partition.id, row, 'fence');
    topic.partitions = topic.partitions.map((each) => (each === partition ? reopened : each));
    this.#checks.set(reopened, check);
    damage.forget(partition);
    check.reopened = engine.stats(reopened.handle).state === 'ready';
    if (check.reopened) log.warn({ ...place, messagesGivenUp: check.messagesGivenUp }, 'partition was reopened');
  }

  async #giveUp(topic: Topic, partition: Partition, check: PartitionCheck): Promise<void> {
    const { engine, log } = this.#system;
    const options = this.#system.partitionOptions(topic, partition.id, partition.incarnation);
    const outcome = await new Promise<Pick<Completion, 'status' | 'detail' | 'count' | 'firstOffset' | 'lastOffset' | 'currentOffset'>>(
      (resolve) => {
        engine.repair(partition.directory, options, ({ status, detail, count, firstOffset, lastOffset, currentOffset }) =>
          resolve({ status, detail, count, firstOffset, lastOffset, currentOffset }),
        );
      },
    );
    const { status, detail, count, firstOffset, lastOffset: messages, currentOffset } = outcome;
    const place = placeOf(topic, partition);
    if (status === EngineStatus.ok) {
      check.messagesGivenUp = messages;
      log.warn({ ...place, messages, stretches: count, firstOffset, nextOffset: currentOffset }, 'damaged messages were given up');
    } else {
      log.error({ ...place, status, errno: detail }, 'damaged messages could not be given up');
    }
  }
}
