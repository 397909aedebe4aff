// A stream: a name and its topics.

import type { Identifier } from '../protocol/primitives/identifier.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Engine } from '../storage/engine.ts';
import { Directory } from './directory.ts';
import type { Topic, Totals } from './topic.ts';

export class Stream {
  readonly id: number;
  /** Microseconds since 1970. */
  readonly createdAt: bigint;
  readonly topics = new Directory<Topic>();
  name: string;

  constructor(id: number, name: string, createdAt: bigint) {
    this.id = id;
    this.name = name;
    this.createdAt = createdAt;
  }

  /** Throws 2010. */
  topic(identifier: Identifier): Topic {
    const topic = this.topics.get(identifier);
    if (topic === undefined) throw new ProtocolError('topic-id-not-found', `topic ${identifier}`);
    return topic;
  }

  totals(engine: Engine): Totals {
    const sum: Totals = { messages: 0n, sizeBytes: 0n, segments: 0 };
    for (const topic of this.topics.values()) {
      const { messages, sizeBytes, segments } = topic.totals(engine);
      sum.messages += messages;
      sum.sizeBytes += sizeBytes;
      sum.segments += segments;
    }
    return sum;
  }
}
