// The commands that are not of Iggy, byte for byte as docs/protocol-extensions.md describes them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Command } from '../../src/protocol/command.ts';
import {
  checkActions,
  checkPartition,
  checkPhases,
  fenceReasonNames,
  partitionStateNames,
} from '../../src/protocol/commands/check-partition.ts';
import { getExtensions } from '../../src/protocol/commands/get-extensions.ts';
import { stopWaiting } from '../../src/protocol/commands/stop-waiting.ts';
import { type WaitForMessagesRequest, waitBodyBytesMax, waitForMessages } from '../../src/protocol/commands/wait-for-messages.ts';
import { Operation } from '../../src/protocol/operations.ts';
import { Reader } from '../../src/protocol/reader.ts';
import * as any from './support/arbitraries.ts';
import { checkCodec, encoded } from './support/codec-checks.ts';

const request = any.record<WaitForMessagesRequest>({
  waitMs: any.u32,
  messages: any.u32,
  consumer: any.consumer,
  stream: any.identifier,
  topic: any.identifier,
  partition: any.partition,
  strategy: any.pollingStrategy,
  count: any.u32,
  autoCommit: fc.boolean(),
});
const polled = any.record({ partition: any.u32, currentOffset: any.u64, count: any.u32, batch: fc.uint8Array({ maxLength: 300 }) });
const nothing = fc.constant(undefined);

checkCodec(getExtensions, 'vsr', nothing, any.record({ longestWaitMs: any.u32 }));
checkCodec(waitForMessages, 'vsr', request, polled);
checkCodec(
  checkPartition,
  'vsr',
  any.record({ action: fc.constantFrom(...checkActions), stream: any.identifier, topic: any.identifier, partition: any.u32 }),
  any.record({
    state: fc.constantFrom(...partitionStateNames),
    fenceReason: fc.constantFrom(...fenceReasonNames),
    fenceErrno: any.u32,
    phase: fc.constantFrom(...checkPhases),
    action: fc.constantFrom(...checkActions),
    bytesVerified: any.u64,
    bytesTotal: any.u64,
    reopened: fc.boolean(),
    messagesGivenUp: any.u64,
    damagesCount: any.u32,
    damages: fc.array(
      any.record({ segment: any.u64, position: any.u32, bytes: any.u32, firstOffset: any.u64, endOffset: any.u64, errno: any.u32 }),
      { maxLength: 3 },
    ),
  }),
);
checkCodec(stopWaiting, 'vsr', any.record({ request: any.u64 }), nothing);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function checkVector<Request, Reply>(
  command: Command<Request, Reply>,
  value: Request,
  body: string,
  reply: Reply,
  replyBody: string,
): void {
  const wireRequest = body.replaceAll(/\s/g, '');
  const wireReply = replyBody.replaceAll(/\s/g, '');
  assert.equal(hex(encoded(value, (writer, each) => command.encodeRequest(writer, each, 'vsr'))), wireRequest);
  assert.deepEqual(command.decodeRequest(new Reader(Buffer.from(wireRequest, 'hex')), 'vsr'), value);
  assert.equal(hex(encoded(reply, (writer, each) => command.encodeReply(writer, each, 'vsr'))), wireReply);
  assert.deepEqual(command.decodeReply(new Reader(new Uint8Array(Buffer.from(wireReply, 'hex'))), 'vsr'), reply);
}

test('vectors', () => {
  checkVector(getExtensions, undefined, '', { longestWaitMs: 30_000 }, '30750000');
  checkVector(
    checkPartition,
    { action: 'give-up', stream: 1, topic: 'orders', partition: 3 },
    '03  010401000000  02066f7264657273  03000000',
    {
      ...{
        state: 'fenced',
        fenceReason: 'damaged',
        fenceErrno: 0,
        phase: 'running',
        action: 'give-up',
        bytesVerified: 256n,
        bytesTotal: 512n,
      },
      ...{ reopened: false, messagesGivenUp: 0n, damagesCount: 1 },
      damages: [{ segment: 9n, position: 4096, bytes: 304, firstOffset: 12n, endOffset: 13n, errno: 0 }],
    },
    `02 01 00000000  01 03  0001000000000000 0002000000000000  00 0000000000000000  01000000
     01000000  0900000000000000 00100000 30010000 0c00000000000000 0d00000000000000 00000000`,
  );
  checkVector(stopWaiting, { request: 0x0102n }, '0201000000000000', undefined, '');
  checkVector(
    waitForMessages,
    {
      ...{ waitMs: 30_000, messages: 5, consumer: { kind: 1, id: 7 }, stream: 1, topic: 'orders', partition: 3 },
      ...{ strategy: { kind: 5, value: 0n }, count: 100, autoCommit: true },
    },
    `30750000 05000000
     01 010407000000  010401000000  02066f7264657273  0103000000  050000000000000000  64000000  01`,
    { partition: 3, currentOffset: 9n, count: 0, batch: new Uint8Array(0) },
    '03000000 0900000000000000 00000000',
  );
});

test('their codes are out of the way of those of Iggy, and travel under operation 2', () => {
  assert.deepEqual(
    [getExtensions, waitForMessages, stopWaiting, checkPartition].map(({ code }) => code),
    [0x4700_0000, 0x4700_0001, 0x4700_0002, 0x4700_0003],
  );
  for (const { operation } of [getExtensions, waitForMessages, stopWaiting, checkPartition])
    assert.equal(operation, Operation.nonReplicated);
});

test('what later versions add to a reply is passed over', () => {
  assert.deepEqual(getExtensions.decodeReply(new Reader(Buffer.from('307500000100000000', 'hex')), 'vsr'), { longestWaitMs: 30_000 });
});

test('the longest request is within its limit', () => {
  const name = 'x'.repeat(255);
  const longest: WaitForMessagesRequest = {
    ...{ waitMs: 0, messages: 0, consumer: { kind: 1, id: name }, stream: name, topic: name, partition: 0 },
    ...{ strategy: { kind: 1, value: 0n }, count: 0, autoCommit: false },
  };
  const bytes = encoded(longest, (writer, value) => waitForMessages.encodeRequest(writer, value, 'vsr'));
  assert.ok(bytes.length <= waitBodyBytesMax, `${bytes.length} bytes`);
});
