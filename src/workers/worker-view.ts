// What a worker knows of users, streams and topics: a copy for reading, changed by what the control thread tells.

import type { Logger } from '../observability/logger.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Engine } from '../storage/engine.ts';
import type { Clock } from '../streaming/clock.ts';
import { Directory } from '../streaming/directory.ts';
import type { MessageSystem } from '../streaming/message-system.ts';
import { MessageTopic } from '../streaming/message-topic.ts';
import { MessageTraffic } from '../streaming/message-traffic.ts';
import type { TopicKey } from '../streaming/send-window.ts';
import { User, Users } from '../streaming/users.ts';
import type { ViewChanges } from './messages.ts';

interface ViewedStream {
  readonly id: number;
  readonly createdAt: bigint;
  readonly topics: Directory<MessageTopic>;
  name: string;
}

export class WorkerView implements MessageSystem {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly users = new Users();
  readonly streams = new Directory<ViewedStream>();
  readonly traffic = new MessageTraffic();

  constructor(engine: Engine, clock: Clock, log: Logger) {
    this.engine = engine;
    this.clock = clock;
    this.log = log;
  }

  topic(streamIdentifier: Identifier, topicIdentifier: Identifier): MessageTopic {
    const stream = this.streams.get(streamIdentifier);
    if (stream === undefined) throw new ProtocolError('stream-id-not-found', `stream ${streamIdentifier}`);
    const topic = stream.topics.get(topicIdentifier);
    if (topic === undefined) throw new ProtocolError('topic-id-not-found', `topic ${topicIdentifier}`);
    return topic;
  }

  /** Undefined: it is gone. */
  topicOf({ streamId, id, createdAt }: TopicKey): MessageTopic | undefined {
    const topic = this.streams.get(streamId)?.topics.get(id);
    return topic?.createdAt === createdAt ? topic : undefined;
  }

  *topics(): Iterable<MessageTopic> {
    for (const stream of this.streams.values()) yield* stream.topics.values();
  }

  /** What is gone goes first, so that its name and number are free. */
  apply(changes: ViewChanges): void {
    for (const id of changes.usersGone) remove(this.users, id);
    for (const { streamId, id } of changes.topicsGone) {
      const topics = this.streams.get(streamId)?.topics;
      if (topics !== undefined) remove(topics, id);
    }
    for (const id of changes.streamsGone) remove(this.streams, id);

    for (const { id, name, permissions } of changes.users) {
      remove(this.users, id);
      // Nobody logs in here.
      this.users.add(new User(id, { name, createdAt: 0n, passwordHash: '', active: true, permissions }));
    }
    for (const { id, name, createdAt } of changes.streams) {
      const known = this.streams.get(id);
      if (known === undefined) this.streams.add({ id, name, createdAt, topics: new Directory() });
      else rename(this.streams, known, name);
    }
    for (const { streamId, id, name, createdAt, partitions } of changes.topics) {
      const stream = this.streams.get(streamId) as ViewedStream;
      let topic = stream.topics.get(id);
      if (topic === undefined) {
        topic = new MessageTopic(streamId, id, name, createdAt);
        stream.topics.add(topic);
      } else {
        rename(stream.topics, topic, name);
      }
      topic.partitions = partitions.map((handle, partitionId) => ({ id: partitionId, handle }));
    }
  }
}

interface Named {
  readonly id: number;
  name: string;
}

function rename<Entry extends Named>(directory: Directory<Entry>, entry: Entry, name: string): void {
  directory.rename(entry, () => {
    entry.name = name;
  });
}

function remove<Entry extends Named>(directory: Directory<Entry>, id: number): void {
  const entry = directory.get(id);
  if (entry !== undefined) directory.delete(entry);
}
