// Changes of streams.

import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { Options } from '../protocol/primitives/options.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { forgetGroup } from './clients.ts';
import { closePartitions } from './partition.ts';
import { refuseOptions } from './refuse-options.ts';
import { Stream } from './stream.ts';
import type { System } from './system.ts';
import { purgePartitions } from './topic-commands.ts';
import { dropPermissions } from './user-commands.ts';

/** Errors: 4041 for any option, 1012 name taken, 1020 too many. */
export function createStream(system: System, name: string, options: Options): Promise<Stream> {
  refuseOptions(options, 'streams');
  return system.mutate(async () => {
    requireFreeName(system, name, undefined);
    const { streamsMax } = system.limits;
    if (system.streams.size >= streamsMax) throw new ProtocolError('too-many-streams', `limit ${streamsMax}`);
    const stream = new Stream(system.streams.lowestFreeId(), name, system.clock.nowMicros());
    await system.store.commit([{ put: 'stream', ids: [stream.id], row: { name, createdAt: String(stream.createdAt) } }]);
    system.streams.add(stream);
    return stream;
  });
}

/** Errors: 4041 for any option, 1009, 1012 name taken by another. */
export function renameStream(system: System, identifier: Identifier, name: string, options: Options): Promise<void> {
  refuseOptions(options, 'streams');
  return system.mutate(async () => {
    const stream = system.stream(identifier);
    requireFreeName(system, name, stream);
    await system.store.commit([{ put: 'stream', ids: [stream.id], row: { name, createdAt: String(stream.createdAt) } }]);
    system.streams.rename(stream, () => {
      stream.name = name;
    });
  });
}

/** Removes a stream, all that is in it and every permission that names it. Error: 1009. */
export function deleteStream(system: System, identifier: Identifier): Promise<void> {
  return system.mutate(async () => {
    const stream = system.stream(identifier);
    const ids = [stream.id];
    const dropped = dropPermissions(system, stream.id);
    await system.store.commit([
      { remove: 'stream', ids },
      { remove: 'topic', ids, below: true },
      { remove: 'partition', ids, below: true },
      { remove: 'group', ids, below: true },
      { put: 'removal', ids, row: {} },
      ...dropped.changes,
    ]);
    dropped.apply();
    system.streams.delete(stream);
    const topics = stream.topics.list();
    for (const topic of topics) {
      for (const group of topic.groups.values()) forgetGroup(system.clients, group);
    }
    await closePartitions(
      system.engine,
      topics.flatMap((topic) => topic.partitions),
    );
    await system.discardFolder([stream.id]);
  });
}

/** Empties every topic of a stream. Error: 1009. */
export function purgeStream(system: System, identifier: Identifier): Promise<void> {
  return system.mutate(async () => {
    await Promise.all(
      system
        .stream(identifier)
        .topics.list()
        .map((topic) => purgePartitions(system, topic)),
    );
  });
}

function requireFreeName(system: System, name: string, own: Stream | undefined): void {
  const holder = system.streams.get(name);
  if (holder !== undefined && holder !== own) throw new ProtocolError('stream-name-already-exists', name);
}
