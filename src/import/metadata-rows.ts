// The model as rows of the metadata store. Written last of all, in one commit.

import type { Permissions } from '../protocol/primitives/permissions.ts';
import type { Change } from '../storage/metadata/metadata-store.ts';
import { withoutPlace } from '../streaming/permissions.ts';
import { topicRow } from '../streaming/system.ts';
import { importedHash, tokenRow } from '../streaming/tokens.ts';
import type { TopicConfig, TopicDefaults } from '../streaming/topic-settings.ts';
import { rootUserId, userRow } from '../streaming/users.ts';
import type { Report } from './source/report.ts';
import type { SourceModel, SourceTopic } from './source/source-model.ts';

/** A topic with what was made of it. */
export interface ImportedTopic {
  streamId: number;
  topic: SourceTopic;
  config: TopicConfig;
  /** Of each partition. */
  incarnations: bigint[];
}

export function* metadataRows(model: SourceModel, topics: readonly ImportedTopic[], defaults: TopicDefaults): Iterable<Change> {
  for (const user of model.users.list()) {
    const { passwordHash } = user;
    if (passwordHash === undefined) continue;
    yield { put: 'user', ids: [user.id], row: userRow({ ...user, passwordHash }) };
    for (const { id, name, hash, expiresAt } of user.tokens.list()) {
      yield { put: 'token', ids: [user.id, id], row: tokenRow({ name, hash: importedHash(hash), expiresAt }) };
    }
  }
  for (const { id, name, createdAt } of model.streams.list())
    yield { put: 'stream', ids: [id], row: { name, createdAt: String(createdAt) } };
  for (const { streamId, topic, config, incarnations } of topics) {
    const { name, createdAt, nextGroupId } = topic;
    yield { put: 'topic', ids: [streamId, topic.id], row: topicRow({ name, createdAt, config, defaults, nextGroupId }) };
    for (const [id, incarnation] of incarnations.entries()) {
      const row = { createdAt: String(topic.partitions[id]), incarnation: String(incarnation), state: 'ready' as const };
      yield { put: 'partition', ids: [streamId, topic.id, id], row };
    }
    for (const group of topic.groups.list()) yield { put: 'group', ids: [streamId, topic.id, group.id], row: { name: group.name } };
  }
}

/** Takes out what Galgo does not keep: tokens that have ended, and permissions for streams and topics that are gone, since ids are given again. */
export function tidy(model: SourceModel, nowMicros: bigint, report: Report): void {
  let ended = 0;
  for (const user of model.users.values()) {
    for (const token of user.tokens.list()) {
      if (token.expiresAt !== undefined && token.expiresAt <= nowMicros) {
        user.tokens.delete(token);
        ended++;
      } else if (!/^[0-9a-f]{64}$/.test(token.hash)) {
        user.tokens.delete(token);
        report.cannotCarry(`token ${token.name} of user ${user.name}: its hash is of an unknown kind`);
      }
    }
    if (user.permissions === undefined) continue;
    const permissions = withoutGone(user.permissions, model);
    if (permissions !== user.permissions) report.note(`user ${user.name} had permissions for streams or topics that are gone`);
    user.permissions = user.id === rootUserId ? user.permissions : permissions;
  }
  if (ended > 0) report.note(`${ended} access tokens have ended and are left out`);
}

function withoutGone(permissions: Permissions, model: SourceModel): Permissions {
  let kept = permissions;
  for (const [streamId, stream] of permissions.streams) {
    const source = model.streams.get(streamId);
    if (source === undefined) kept = withoutPlace(kept, streamId);
    else
      for (const topicId of stream.topics.keys())
        if (source.topics.get(topicId) === undefined) kept = withoutPlace(kept, streamId, topicId);
  }
  return kept;
}
