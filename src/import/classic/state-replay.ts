// Commands of the state log of Iggy 0.8 and 0.5, applied to the model. A payload is the command's request as on the classic wire; where the server has chosen something (an
// id, a hash), that stands before it: u32 id or u32 length and hash, then u32 length and request.

import { changePassword } from '../../protocol/commands/change-password.ts';
import { createConsumerGroup } from '../../protocol/commands/create-consumer-group.ts';
import { createPartitions } from '../../protocol/commands/create-partitions.ts';
import { createPersonalAccessToken } from '../../protocol/commands/create-personal-access-token.ts';
import { createStream } from '../../protocol/commands/create-stream.ts';
import { createTopic } from '../../protocol/commands/create-topic.ts';
import { createUser } from '../../protocol/commands/create-user.ts';
import { deleteConsumerGroup } from '../../protocol/commands/delete-consumer-group.ts';
import { deletePartitions } from '../../protocol/commands/delete-partitions.ts';
import { deletePersonalAccessToken } from '../../protocol/commands/delete-personal-access-token.ts';
import { deleteStream } from '../../protocol/commands/delete-stream.ts';
import { deleteTopic } from '../../protocol/commands/delete-topic.ts';
import { deleteUser } from '../../protocol/commands/delete-user.ts';
import { updatePermissions } from '../../protocol/commands/update-permissions.ts';
import { updateStream } from '../../protocol/commands/update-stream.ts';
import { updateTopic } from '../../protocol/commands/update-topic.ts';
import { updateUser } from '../../protocol/commands/update-user.ts';
import { UserStatus } from '../../protocol/primitives/enumerations.ts';
import { Reader } from '../../protocol/reader.ts';
import { rootUserId } from '../../streaming/users.ts';
import { expiryAt, MisfitError, rename, type SourceModel } from '../source/source-model.ts';
import type { StateEntry } from './state-log.ts';

type Replay = (model: SourceModel, reader: Reader, entry: StateEntry) => void;

// Of what is purged or removed from a log nothing is left in its files; the log of commands says no more.
const nothing: Replay = (_model, reader) => reader.skip(reader.remaining);

const commands: ReadonlyMap<number, Replay> = new Map<number, Replay>([
  [
    createUser.code,
    (model, reader, { timestamp }) => {
      const { id, request } = withId(reader, (inner) => createUser.decodeRequest(inner, 'classic'));
      // The first user is root, whose id was 1 in Iggy 0.5.
      const isRoot = model.users.size === 0;
      if (!isRoot && id === rootUserId) throw new MisfitError(`user ${request.username} has the id of root`);
      model.addUser({
        id: isRoot ? rootUserId : id,
        name: request.username,
        createdAt: timestamp,
        passwordHash: request.password,
        active: request.status === UserStatus.active,
        permissions: request.permissions,
      });
    },
  ],
  [
    deleteUser.code,
    (model, reader) => {
      model.users.delete(userOf(model, deleteUser.decodeRequest(reader, 'classic').user));
    },
  ],
  [
    updateUser.code,
    (model, reader) => {
      const request = updateUser.decodeRequest(reader, 'classic');
      const user = userOf(model, request.user);
      if (request.username !== undefined) rename(model.users, user, request.username);
      if (request.status !== undefined) user.active = request.status === UserStatus.active;
    },
  ],
  [
    updatePermissions.code,
    (model, reader) => {
      const request = updatePermissions.decodeRequest(reader, 'classic');
      userOf(model, request.user).permissions = request.permissions;
    },
  ],
  [
    changePassword.code,
    (model, reader) => {
      const request = changePassword.decodeRequest(reader, 'classic');
      userOf(model, request.user).passwordHash = request.newPassword;
    },
  ],
  [
    createPersonalAccessToken.code,
    (model, reader, { timestamp, userId }) => {
      const hash = reader.longText();
      const { name, expiry } = nested(reader, (inner) => createPersonalAccessToken.decodeRequest(inner, 'classic'));
      model.addToken(userOf(model, userId), { name, hash, expiresAt: expiryAt(timestamp, expiry) });
    },
  ],
  [
    deletePersonalAccessToken.code,
    (model, reader, { userId }) => {
      model.removeToken(userOf(model, userId), deletePersonalAccessToken.decodeRequest(reader, 'classic').name);
    },
  ],
  [
    createStream.code,
    (model, reader, { timestamp }) => {
      const { id, request } = withId(reader, (inner) => createStream.decodeRequest(inner, 'classic'));
      model.addStream(id, request.name, timestamp);
    },
  ],
  [deleteStream.code, (model, reader) => model.removeStream(deleteStream.decodeRequest(reader, 'classic').stream)],
  [
    updateStream.code,
    (model, reader) => {
      const request = updateStream.decodeRequest(reader, 'classic');
      rename(model.streams, model.stream(request.stream), request.name);
    },
  ],
  [205, nothing],
  [
    createTopic.code,
    (model, reader, { timestamp }) => {
      const { id, request } = withId(reader, (inner) => createTopic.decodeRequest(inner, 'classic'));
      const { stream, name, partitionsCount, ...settings } = request;
      model.addTopic(stream, { id, name, createdAt: timestamp, settings }, partitionsCount);
    },
  ],
  [
    deleteTopic.code,
    (model, reader) => {
      const request = deleteTopic.decodeRequest(reader, 'classic');
      model.removeTopic(request.stream, request.topic);
    },
  ],
  [
    updateTopic.code,
    (model, reader) => {
      const { stream, topic: identifier, name, ...settings } = updateTopic.decodeRequest(reader, 'classic');
      const topic = model.topic(stream, identifier);
      rename(model.stream(stream).topics, topic, name);
      topic.settings = settings;
    },
  ],
  [305, nothing],
  [
    createPartitions.code,
    (model, reader, { timestamp }) => {
      const request = createPartitions.decodeRequest(reader, 'classic');
      model.addPartitions(model.topic(request.stream, request.topic), request.partitionsCount, timestamp);
    },
  ],
  [
    deletePartitions.code,
    (model, reader) => {
      const request = deletePartitions.decodeRequest(reader, 'classic');
      model.removePartitions(model.topic(request.stream, request.topic), request.partitionsCount);
    },
  ],
  [503, nothing],
  [
    createConsumerGroup.code,
    (model, reader) => {
      const { id, request } = withId(reader, (inner) => createConsumerGroup.decodeRequest(inner, 'classic'));
      model.addGroup(model.topic(request.stream, request.topic), { id, name: request.name });
    },
  ],
  [
    deleteConsumerGroup.code,
    (model, reader) => {
      const request = deleteConsumerGroup.decodeRequest(reader, 'classic');
      model.removeGroup(model.topic(request.stream, request.topic), request.group);
    },
  ],
]);

/** Throws MisfitError or ProtocolError for an entry that does not fit the model or cannot be read; the model is as before then. */
export function replayStateEntry(model: SourceModel, entry: StateEntry): void {
  const replay = commands.get(entry.code);
  if (replay === undefined) throw new MisfitError(`command ${entry.code} is not known`);
  const reader = new Reader(entry.payload);
  replay(model, reader, entry);
}

function withId<Request>(reader: Reader, read: (inner: Reader) => Request): { id: number; request: Request } {
  return { id: reader.u32(), request: nested(reader, read) };
}

function nested<Request>(reader: Reader, read: (inner: Reader) => Request): Request {
  const length = reader.u32();
  return read(new Reader(reader.take(length)));
}

/** Iggy 0.5 counts users from 1, and its root is our user 0. */
function userOf(model: SourceModel, identifier: number | string) {
  const isOldRoot = identifier === 1 && model.firstPartitionId === 1;
  return model.user(isOldRoot ? rootUserId : identifier);
}
