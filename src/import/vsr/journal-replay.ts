// Operations of the metadata journal of Iggy 0.9, applied to the model. A body is the request as on the VSR wire, with these exceptions:
//
//   64  CreateTopicWithAssignments        u32 length, CreateTopic · u32 length, options that the server filled in · partitions …
//   65  CreatePartitionsWithAssignments   u32 length, CreatePartitions · partitions …
//   141 CreateUser, 144 ChangePassword    the password is its hash; an empty new one means that the old one was wrong
//   146 CreatePersonalAccessToken         user u32 · name · lifetime u64 µs · hash, 64 characters
//   147 DeletePersonalAccessToken         user u32 · name · only if ended u8
//
// Ids are the lowest that are free; those of groups are counted up. An operation is in the journal before anybody has looked whether it can be done: those that cannot, or that
// their user may not do, change nothing.

import { changePassword } from '../../protocol/commands/change-password.ts';
import { createConsumerGroup } from '../../protocol/commands/create-consumer-group.ts';
import { createPartitions } from '../../protocol/commands/create-partitions.ts';
import { createStream } from '../../protocol/commands/create-stream.ts';
import { createTopic } from '../../protocol/commands/create-topic.ts';
import { createUser } from '../../protocol/commands/create-user.ts';
import { deleteConsumerGroup } from '../../protocol/commands/delete-consumer-group.ts';
import { deletePartitions } from '../../protocol/commands/delete-partitions.ts';
import { deleteStream } from '../../protocol/commands/delete-stream.ts';
import { deleteTopic } from '../../protocol/commands/delete-topic.ts';
import { deleteUser } from '../../protocol/commands/delete-user.ts';
import { updatePermissions } from '../../protocol/commands/update-permissions.ts';
import { updateStream } from '../../protocol/commands/update-stream.ts';
import { updateTopic } from '../../protocol/commands/update-topic.ts';
import { updateUser } from '../../protocol/commands/update-user.ts';
import { UserStatus } from '../../protocol/primitives/enumerations.ts';
import { readName } from '../../protocol/primitives/name.ts';
import { Reader } from '../../protocol/reader.ts';
import { type Action, Grants } from '../../streaming/permissions.ts';
import { rootUserId } from '../../streaming/users.ts';
import { expiryAt, MisfitError, rename, type SourceModel } from '../source/source-model.ts';
import type { JournalEntry } from './journal.ts';

type Replay = (model: SourceModel, reader: Reader, entry: JournalEntry) => void;

const tokenHashBytes = 64;

const operations: ReadonlyMap<number, Replay> = new Map<number, Replay>([
  [
    128,
    (model, reader, { timestamp, userId }) => {
      const request = createStream.decodeRequest(reader, 'vsr');
      authorize(model, userId, 'manage-streams');
      model.addStream(model.streams.lowestFreeId(), request.name, timestamp);
    },
  ],
  [
    129,
    (model, reader, { userId }) => {
      const request = updateStream.decodeRequest(reader, 'vsr');
      const stream = model.stream(request.stream);
      authorize(model, userId, 'manage-streams', stream.id);
      rename(model.streams, stream, request.name);
    },
  ],
  [
    130,
    (model, reader, { userId }) => {
      const request = deleteStream.decodeRequest(reader, 'vsr');
      authorize(model, userId, 'manage-streams', model.stream(request.stream).id);
      model.removeStream(request.stream);
    },
  ],
  [
    64,
    (model, reader, { timestamp, userId }) => {
      const request = nested(reader, (inner) => createTopic.decodeRequest(inner, 'vsr'));
      const { stream: identifier, name, partitionsCount, ...settings } = request;
      const stream = model.stream(identifier);
      authorize(model, userId, 'manage-topics', stream.id);
      model.addTopic(identifier, { id: stream.topics.lowestFreeId(), name, createdAt: timestamp, settings }, partitionsCount);
    },
  ],
  [
    133,
    (model, reader, { userId }) => {
      const request = updateTopic.decodeRequest(reader, 'vsr');
      const stream = model.stream(request.stream);
      const topic = model.topic(request.stream, request.topic);
      authorize(model, userId, 'manage-topics', stream.id, topic.id);
      rename(stream.topics, topic, request.name);
      // What is named replaces what there was, also a value that came from a field of a snapshot.
      const named = (key: string) => request.options.has(key);
      topic.settings = {
        compression: named('compression_algorithm') ? undefined : topic.settings.compression,
        messageExpiry: named('message_expiry') ? undefined : topic.settings.messageExpiry,
        maxTopicSize: named('max_topic_size') ? undefined : topic.settings.maxTopicSize,
        replicationFactor: undefined,
        options: new Map([...topic.settings.options, ...request.options]),
      };
    },
  ],
  [
    134,
    (model, reader, { userId }) => {
      const request = deleteTopic.decodeRequest(reader, 'vsr');
      authorize(model, userId, 'manage-topics', model.stream(request.stream).id, model.topic(request.stream, request.topic).id);
      model.removeTopic(request.stream, request.topic);
    },
  ],
  [
    65,
    (model, reader, { timestamp, userId }) => {
      const request = nested(reader, (inner) => createPartitions.decodeRequest(inner, 'vsr'));
      const topic = model.topic(request.stream, request.topic);
      authorize(model, userId, 'manage-topics', model.stream(request.stream).id, topic.id);
      model.addPartitions(topic, request.partitionsCount, timestamp);
    },
  ],
  [
    137,
    (model, reader, { userId }) => {
      const request = deletePartitions.decodeRequest(reader, 'vsr');
      const topic = model.topic(request.stream, request.topic);
      authorize(model, userId, 'manage-topics', model.stream(request.stream).id, topic.id);
      model.removePartitions(topic, request.partitionsCount);
    },
  ],
  [
    139,
    (model, reader, { userId }) => {
      const request = createConsumerGroup.decodeRequest(reader, 'vsr');
      const topic = model.topic(request.stream, request.topic);
      authorize(model, userId, 'read-topics', model.stream(request.stream).id, topic.id);
      model.addGroup(topic, { id: topic.nextGroupId, name: request.name });
    },
  ],
  [
    140,
    (model, reader, { userId }) => {
      const request = deleteConsumerGroup.decodeRequest(reader, 'vsr');
      const topic = model.topic(request.stream, request.topic);
      authorize(model, userId, 'read-topics', model.stream(request.stream).id, topic.id);
      model.removeGroup(topic, request.group);
    },
  ],
  [
    141,
    (model, reader, { timestamp, userId }) => {
      const request = createUser.decodeRequest(reader, 'vsr');
      authorize(model, userId, 'manage-users');
      model.addUser({
        id: model.users.lowestFreeId(),
        name: request.username,
        createdAt: timestamp,
        passwordHash: request.password,
        active: request.status === UserStatus.active,
        permissions: request.permissions,
      });
    },
  ],
  [
    142,
    (model, reader, { userId }) => {
      const request = updateUser.decodeRequest(reader, 'vsr');
      authorize(model, userId, 'manage-users');
      const user = model.user(request.user);
      if (request.username !== undefined) rename(model.users, user, request.username);
      if (request.status !== undefined) user.active = request.status === UserStatus.active;
    },
  ],
  [
    143,
    (model, reader, { userId }) => {
      const request = deleteUser.decodeRequest(reader, 'vsr');
      authorize(model, userId, 'manage-users');
      const user = model.user(request.user);
      if (user.id === rootUserId) throw new MisfitError('root stays');
      model.users.delete(user);
    },
  ],
  [
    144,
    (model, reader, { userId }) => {
      const request = changePassword.decodeRequest(reader, 'vsr');
      const user = model.user(request.user);
      if (user.id !== userId) authorize(model, userId, 'manage-users');
      if (request.newPassword === '') throw new MisfitError('the current password was wrong');
      user.passwordHash = request.newPassword;
    },
  ],
  [
    145,
    (model, reader, { userId }) => {
      const request = updatePermissions.decodeRequest(reader, 'vsr');
      authorize(model, userId, 'manage-users');
      const user = model.user(request.user);
      if (user.id === rootUserId) throw new MisfitError('the permissions of root stay');
      user.permissions = request.permissions;
    },
  ],
  [
    146,
    (model, reader, { timestamp }) => {
      const owner = model.user(reader.u32());
      const name = readName(reader);
      const expiresAt = expiryAt(timestamp, reader.u64());
      model.addToken(owner, { name, hash: reader.text(tokenHashBytes), expiresAt });
    },
  ],
  [
    147,
    (model, reader, { timestamp }) => {
      const owner = model.user(reader.u32());
      const name = readName(reader);
      const onlyIfEnded = reader.u8() !== 0;
      const expiresAt = owner.tokens.get(name)?.expiresAt;
      if (!onlyIfEnded || (expiresAt !== undefined && expiresAt <= timestamp)) model.removeToken(owner, name);
    },
  ],
]);

// Sessions (1, 3), members of groups (66, 67, 148, 149), and what is removed from logs (68, 131, 135) leave nothing that is copied.
const withoutTrace: ReadonlySet<number> = new Set([1, 3, 66, 67, 68, 131, 135, 148, 149]);

/** False: the operation is not known. Throws MisfitError for one that changed nothing, ProtocolError for one that cannot be read. */
export function replayOperation(model: SourceModel, entry: JournalEntry, body: Uint8Array): boolean {
  if (withoutTrace.has(entry.operation)) return true;
  const replay = operations.get(entry.operation);
  replay?.(model, new Reader(body), entry);
  return replay !== undefined;
}

function authorize(model: SourceModel, userId: number, action: Action, streamId?: number, topicId?: number): void {
  if (userId === rootUserId) return;
  if (!new Grants(model.users.get(userId)?.permissions).allows(action, streamId, topicId)) throw new MisfitError(`user ${userId} may not`);
}

function nested<Request>(reader: Reader, read: (inner: Reader) => Request): Request {
  const length = reader.u32();
  return read(new Reader(reader.take(length)));
}
