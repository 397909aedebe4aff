import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { deleteConsumerGroup } from '../../src/protocol/commands/delete-consumer-group.ts';
import { deleteConsumerOffset } from '../../src/protocol/commands/delete-consumer-offset.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { getConsumerGroups } from '../../src/protocol/commands/get-consumer-groups.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { leaveConsumerGroup } from '../../src/protocol/commands/leave-consumer-group.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { syncConsumerGroup } from '../../src/protocol/commands/sync-consumer-group.ts';
import type { ConsumerGroupDetails, ConsumerGroupSummary } from '../../src/protocol/primitives/consumer-group-summary.ts';
import { Reader } from '../../src/protocol/reader.ts';
import * as any from './support/arbitraries.ts';
import { checkCodec } from './support/codec-checks.ts';
import { hasStatus } from './support/has-status.ts';

const { record } = any;
const nothing = fc.constant(undefined);
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

const topicPath = { stream: any.identifier, topic: any.identifier };
const groupPath = record({ ...topicPath, group: any.identifier });
const offsetPath = { consumer: any.consumer, ...topicPath, partition: any.partition };

const groupFields = { id: any.u32, partitionsCount: any.u32, membersCount: any.u32, name: any.name };
const group = record<ConsumerGroupSummary>(groupFields);
const partitions = fc.array(any.u32, { maxLength: 5 });
const groupDetails = record<ConsumerGroupDetails>({
  ...groupFields,
  members: fc.array(record({ id: any.u32, partitions }), { maxLength: 3 }),
}).map((details) => ({ ...details, membersCount: details.members.length }));

for (const generation of ['classic', 'vsr'] as const) {
  checkCodec(getConsumerGroup, generation, groupPath, optional(groupDetails));
  checkCodec(getConsumerGroups, generation, record(topicPath), fc.array(group, { maxLength: 4 }));
  checkCodec(createConsumerGroup, generation, record({ ...topicPath, name: any.name }), group);
  checkCodec(deleteConsumerGroup, generation, groupPath, nothing);
  checkCodec(joinConsumerGroup, generation, groupPath, nothing);
  checkCodec(leaveConsumerGroup, generation, groupPath, nothing);

  checkCodec(storeConsumerOffset, generation, record({ ...offsetPath, offset: any.u64 }), nothing);
  checkCodec(deleteConsumerOffset, generation, record(offsetPath), nothing);
  checkCodec(
    getConsumerOffset,
    generation,
    record(offsetPath),
    optional(record({ partition: any.u32, currentOffset: any.u64, storedOffset: any.u64 })),
  );
}

checkCodec(syncConsumerGroup, 'vsr', groupPath, optional(record({ generation: any.u64, partitions })));

test('a member without partitions is told apart from a caller that is no member', () => {
  const bytes = Buffer.concat([Buffer.from('0300000000000000', 'hex'), Buffer.alloc(4)]);
  assert.deepEqual(syncConsumerGroup.decodeReply(new Reader(bytes), 'vsr'), { generation: 3n, partitions: [] });
  assert.equal(syncConsumerGroup.decodeReply(new Reader(new Uint8Array()), 'vsr'), undefined);
});

test('offset writes carry an ack level under VSR, and only 0 and 1 are levels', () => {
  const path = Buffer.from('010104010000000104010000000104020000000103000000', 'hex');
  const withAck = (level: number) => Buffer.concat([path, Buffer.of(level)]);
  const request = { consumer: { kind: 1, id: 1 }, stream: 1, topic: 2, partition: 3 };
  assert.deepEqual(deleteConsumerOffset.decodeRequest(new Reader(path), 'classic'), request);
  assert.deepEqual(deleteConsumerOffset.decodeRequest(new Reader(withAck(0)), 'vsr'), request);
  assert.deepEqual(deleteConsumerOffset.decodeRequest(new Reader(withAck(1)), 'vsr'), request);
  assert.throws(() => deleteConsumerOffset.decodeRequest(new Reader(withAck(2)), 'vsr'), hasStatus(3));
  assert.throws(() => deleteConsumerOffset.decodeRequest(new Reader(path), 'vsr'), hasStatus(3));
});

test('a group that announces more members or partitions than it has bytes for is error 3', () => {
  const members = Buffer.from('00000000 01000000 ffffffff 0161'.replaceAll(' ', ''), 'hex');
  assert.throws(() => getConsumerGroup.decodeReply(new Reader(members), 'classic'), hasStatus(3));
  const assignment = Buffer.from('0100000000000000 ffffffff 00000000'.replaceAll(' ', ''), 'hex');
  assert.throws(() => syncConsumerGroup.decodeReply(new Reader(assignment), 'vsr'), hasStatus(3));
});
