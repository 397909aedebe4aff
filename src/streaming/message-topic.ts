// What sends and polls need to know of a topic: where its partitions are.

import type { Identifier } from '../protocol/primitives/identifier.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { Directory } from './directory.ts';
import { MessageTraffic } from './message-traffic.ts';

/** A partition as messages find it. */
export interface MessagePartition {
  readonly id: number;
  /** The engine's. */
  readonly handle: number;
}

export class MessageTopic<Partition extends MessagePartition = MessagePartition> {
  readonly streamId: number;
  readonly id: number;
  /** Microseconds since 1970. */
  readonly createdAt: bigint;
  readonly groups = new Directory<ConsumerGroup>();
  readonly traffic = new MessageTraffic();
  name: string;
  /** The partition with id i stands at index i. */
  partitions: readonly Partition[] = [];
  #nextBalanced = 0;

  constructor(streamId: number, id: number, name: string, createdAt: bigint) {
    this.streamId = streamId;
    this.id = id;
    this.name = name;
    this.createdAt = createdAt;
  }

  /** Throws 3007. */
  partition(id: number): Partition {
    const partition = this.partitions[id];
    if (partition === undefined) throw new ProtocolError('partition-not-found', `partition ${id}`);
    return partition;
  }

  /** The partition of the next balanced batch, one after the other. Throws 2010 if the topic has none. */
  nextBalancedPartition(): Partition {
    if (this.#nextBalanced >= this.partitions.length) this.#nextBalanced = 0;
    const partition = this.partitions[this.#nextBalanced++];
    if (partition === undefined) throw noPartitions();
    return partition;
  }

  /** The partition of a key: its XXH32 modulo their number. Throws 2010 if the topic has none. */
  partitionOfHash(hash: number): Partition {
    const partition = this.partitions[hash % this.partitions.length];
    if (partition === undefined) throw noPartitions();
    return partition;
  }

  /** Throws 5000. */
  group(identifier: Identifier): ConsumerGroup {
    const group = this.groups.get(identifier);
    if (group === undefined) throw new ProtocolError('consumer-group-id-not-found', `group ${identifier}`);
    return group;
  }
}

function noPartitions(): ProtocolError {
  return new ProtocolError('topic-id-not-found', 'the topic has no partitions');
}
