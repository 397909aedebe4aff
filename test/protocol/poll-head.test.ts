import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PollMessagesRequest, pollMessages } from '../../src/protocol/commands/poll-messages.ts';
import { createPollHead, pollPrefixBytes, readPollHead, writePollPrefix } from '../../src/protocol/commands/poll-messages-head.ts';
import { Reader } from '../../src/protocol/reader.ts';
import * as any from './support/arbitraries.ts';
import { checkContained, damaged, encoded, outcome } from './support/codec-checks.ts';
import { hasStatus } from './support/has-status.ts';

const request = any.record<PollMessagesRequest>({
  consumer: any.consumer,
  stream: any.identifier,
  topic: any.identifier,
  partition: any.partition,
  strategy: any.pollingStrategy,
  count: any.u32,
  autoCommit: fc.boolean(),
});

/** The head in the words of the full codec. */
function readRequest(bytes: Uint8Array, start = 0, end = bytes.length): PollMessagesRequest {
  const head = createPollHead();
  readPollHead(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), start, end, head);
  const { consumerKind, consumer, stream, topic, partition, strategy, valueLow, valueHigh, count, autoCommit } = head;
  const value = (BigInt(valueHigh) << 32n) | BigInt(valueLow);
  return {
    consumer: { kind: consumerKind, id: consumer },
    stream,
    topic,
    partition,
    strategy: { kind: strategy, value },
    count,
    autoCommit,
  };
}

test('a poll is read where it lies', () => {
  fc.assert(
    fc.property(request, fc.nat(40), (sent, start) => {
      const bytes = encoded(sent, (writer, value) => pollMessages.encodeRequest(writer, value, 'vsr'));
      const buffer = Buffer.concat([Buffer.alloc(start, 0xff), bytes, Buffer.alloc(20, 0xff)]);
      assert.deepEqual(readRequest(buffer, start, start + bytes.length), sent);
    }),
  );
});

test('damaged polls have the same outcome as with the full codec, and nothing outside the body is read', () => {
  const bodies = damaged(request, (writer, sent) => pollMessages.encodeRequest(writer, sent, 'vsr'));
  fc.assert(
    fc.property(bodies, (bytes) => {
      assert.deepEqual(
        outcome(() => readRequest(bytes)),
        outcome(() => pollMessages.decodeRequest(new Reader(bytes), 'vsr')),
      );
      checkContained(bytes, (reader) => readRequest(reader.bytes, reader.position, reader.position + reader.remaining));
    }),
    { numRuns: 1000 },
  );
});

test('names must be UTF-8, and one that contains U+FFFD is', () => {
  const named = (name: Buffer) =>
    Buffer.concat([
      Buffer.of(1),
      Buffer.from('010401000000', 'hex'),
      Buffer.of(2, name.length),
      name,
      Buffer.from('010402000000', 'hex'),
      Buffer.from('0100000000 010000000000000000 0a000000 00'.replaceAll(' ', ''), 'hex'),
    ]);
  assert.equal(readRequest(named(Buffer.from('a\ufffd'))).stream, 'a\ufffd');
  assert.throws(() => readRequest(named(Buffer.of(0x61, 0xff))), hasStatus(3));
});

test('flags are read as the reference reads them', () => {
  const sent: PollMessagesRequest = {
    ...{ consumer: { kind: 1, id: 1 }, stream: 1, topic: 2, partition: 3 },
    ...{ strategy: { kind: 1, value: 0n }, count: 10, autoCommit: false },
  };
  const bytes = Buffer.from(encoded(sent, (writer, value) => pollMessages.encodeRequest(writer, value, 'classic')));
  const flagAt = 1 + 6 + 6 + 6;
  bytes[flagAt] = 2;
  bytes[bytes.length - 1] = 7;
  assert.deepEqual(readRequest(bytes), { ...sent, partition: undefined, autoCommit: true });
});

test('a reply prefix is written as the codec encodes it', () => {
  fc.assert(
    fc.property(any.u32, any.u64, any.u32, fc.nat(9), (partition, currentOffset, count, at) => {
      const reply = { partition, currentOffset, count, batch: new Uint8Array() };
      const expected = encoded(reply, (writer, value) => pollMessages.encodeReply(writer, value, 'classic'));
      const buffer = Buffer.alloc(at + pollPrefixBytes + 5, 0xee);
      writePollPrefix(buffer, at, partition, Number(currentOffset & 0xffff_ffffn), Number(currentOffset >> 32n), count);
      assert.deepEqual(buffer, Buffer.concat([Buffer.alloc(at, 0xee), expected, Buffer.alloc(5, 0xee)]));
    }),
  );
});
