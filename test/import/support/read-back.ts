// Reading an imported partition through a server, poll by poll, and comparing it with what was written.

import assert from 'node:assert/strict';
import { PollingKind } from '../../../src/protocol/primitives/polling-strategy.ts';
import { poll, type TopicName } from '../../support/messages.ts';
import type { RawClient } from '../../support/raw-client.ts';
import type { Stored } from './stored-messages.ts';

const pollCount = 100;

/** Offsets may have gaps. */
export async function assertReadsBack(client: RawClient, name: TopicName, partition: number, expected: readonly Stored[]): Promise<void> {
  for (let at = 0; at < expected.length; at += pollCount) {
    const wanted = expected.slice(at, at + pollCount);
    const strategy = { kind: PollingKind.offset, value: wanted[0]?.offset ?? 0n };
    const polled = await poll(client, name, { partition, strategy, count: pollCount });
    assert.deepEqual(
      polled.messages.map(({ offset }) => offset),
      wanted.map(({ offset }) => offset),
    );
    for (const [index, { timestamp, message }] of wanted.entries()) {
      const read = polled.messages[index];
      assert.ok(read !== undefined);
      assert.equal(read.timestamp, timestamp);
      assert.equal(read.id, message.id);
      assert.equal(read.originTimestamp, message.originTimestamp);
      assert.ok(Buffer.from(read.payload).equals(message.payload), `payload of offset ${read.offset}`);
      assert.deepEqual(Buffer.from(read.headers ?? []), Buffer.from(message.headers ?? []));
    }
  }
}
