// What sends, polls and stored offsets of single consumers need of the system: the control thread's own, or a worker's view of it.

import type { Logger } from '../observability/logger.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { Engine } from '../storage/engine.ts';
import type { Clock } from './clock.ts';
import type { MessageTopic } from './message-topic.ts';
import type { MessageTraffic } from './message-traffic.ts';
import type { Users } from './users.ts';

export interface MessageSystem {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly users: Pick<Users, 'get' | 'authorize'>;
  readonly streams: Found<{ readonly topics: Found<MessageTopic> }>;
  /** Of all topics, also of those that are gone. */
  readonly traffic: MessageTraffic;
  /** Throws 1009 or 2010. */
  topic(stream: Identifier, topic: Identifier): MessageTopic;
}

interface Found<Entry> {
  get(identifier: Identifier): Entry | undefined;
}
