// Tells workers what has changed in users, streams and topics: after each change all of them are compared with what was told before. A pass over ten thousand topics takes less
// than a commit to the store, and no change can be forgotten.

import type { Permissions } from '../protocol/primitives/permissions.ts';
import type { TopicKey } from '../streaming/send-window.ts';
import type { Stream } from '../streaming/stream.ts';
import type { System } from '../streaming/system.ts';
import type { Topic } from '../streaming/topic.ts';
import type { User } from '../streaming/users.ts';
import type { ViewChanges } from './messages.ts';

type Viewed = Pick<System, 'users' | 'streams'>;

export class ViewPublisher {
  readonly #system: Viewed;
  readonly #users = new Map<User, { name: string; permissions: Permissions | undefined }>();
  readonly #streams = new Map<Stream, string>();
  readonly #topics = new Map<Topic, { name: string; partitions: Topic['partitions'] }>();

  constructor(system: Viewed) {
    this.#system = system;
  }

  /** What is other than at the last call; at the first one everything. Undefined: nothing. */
  changes(): ViewChanges | undefined {
    const changes: ViewChanges = { users: [], usersGone: [], streams: [], streamsGone: [], topics: [], topicsGone: [] };
    for (const user of gone(this.#users, (known) => this.#system.users.get(known.id) === known)) changes.usersGone.push(user.id);
    for (const topic of gone(this.#topics, (known) => this.#system.streams.get(known.streamId)?.topics.get(known.id) === known)) {
      changes.topicsGone.push(keyOf(topic));
    }
    for (const stream of gone(this.#streams, (known) => this.#system.streams.get(known.id) === known)) changes.streamsGone.push(stream.id);

    for (const user of this.#system.users.values()) this.#noteUser(user, changes);
    for (const stream of this.#system.streams.values()) {
      const { id, name, createdAt } = stream;
      if (this.#streams.get(stream) !== name) {
        this.#streams.set(stream, name);
        changes.streams.push({ id, name, createdAt });
      }
      for (const topic of stream.topics.values()) this.#noteTopic(topic, changes);
    }
    return Object.values(changes).some((some) => some.length > 0) ? changes : undefined;
  }

  #noteUser(user: User, changes: ViewChanges): void {
    const { id, name, permissions } = user;
    const known = this.#users.get(user);
    if (known?.name === name && known.permissions === permissions) return;
    this.#users.set(user, { name, permissions });
    changes.users.push({ id, name, permissions });
  }

  #noteTopic(topic: Topic, changes: ViewChanges): void {
    const { name, partitions } = topic;
    const known = this.#topics.get(topic);
    if (known?.name === name && known.partitions === partitions) return;
    this.#topics.set(topic, { name, partitions });
    changes.topics.push({ ...keyOf(topic), name, partitions: partitions.map(({ handle }) => handle) });
  }
}

function keyOf({ streamId, id, createdAt }: Topic): TopicKey {
  return { streamId, id, createdAt };
}

/** Takes out what is no longer there, and returns it. */
function gone<Entry>(known: Map<Entry, unknown>, isThere: (entry: Entry) => boolean): Entry[] {
  const missing = [...known.keys()].filter((entry) => !isThere(entry));
  for (const entry of missing) known.delete(entry);
  return missing;
}
