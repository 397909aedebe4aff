import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Generation } from '../../src/protocol/command.ts';
import { type SendMessagesRequest, sendMessages } from '../../src/protocol/commands/send-messages.ts';
import {
  createSendHead,
  readSendHead,
  type SendHead,
  sendConfirmationBytes,
  writeSendConfirmation,
} from '../../src/protocol/commands/send-messages-head.ts';
import type { Writer } from '../../src/protocol/writer.ts';
import * as any from './support/arbitraries.ts';
import { checkContained, damaged, encoded } from './support/codec-checks.ts';
import { hasStatus } from './support/has-status.ts';

const generations = ['classic', 'vsr'] as const;

const request = any.record<SendMessagesRequest>({
  stream: any.identifier,
  topic: any.identifier,
  partitioning: any.partitioning,
  count: fc.integer({ min: 1, max: 3 }),
  batch: fc.uint8Array({ minLength: 16 * 3, maxLength: 100 }),
});

function readHead(bytes: Uint8Array, generation: Generation, start = 0, end = bytes.length): SendHead {
  const head = createSendHead();
  readSendHead(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), start, end, generation, head);
  return head;
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A body of these metadata fields with their length before them, followed by `data`. */
function body(metadata: string, data = ''): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(hex(metadata).length);
  return Buffer.concat([length, hex(metadata), hex(data)]);
}

const numeric = '010401000000';
const index = '00'.repeat(16);

test('the head of a send is read where it lies', () => {
  for (const generation of generations) {
    fc.assert(
      fc.property(request, fc.nat(40), (sent, start) => {
        const bytes = encoded(sent, (writer, value) => sendMessages.encodeRequest(writer, value, generation));
        const buffer = Buffer.concat([Buffer.alloc(start, 0xff), bytes, Buffer.alloc(20, 0xff)]);
        const head = readHead(buffer, generation, start, start + bytes.length);
        assert.equal(head.stream, sent.stream);
        assert.equal(head.topic, sent.topic);
        assert.equal(head.partitioning, sent.partitioning.kind);
        if (sent.partitioning.kind === 'partition') assert.equal(head.partition, sent.partitioning.partition);
        if (sent.partitioning.kind === 'key') {
          const key = new Uint8Array(buffer.subarray(head.keyStart, head.keyStart + head.keyLength));
          assert.deepEqual(key, sent.partitioning.key);
        }
        assert.equal(head.count, sent.count);
        assert.deepEqual(new Uint8Array(buffer.subarray(head.dataStart, head.dataStart + head.dataLength)), sent.batch);
        assert.equal(head.dataStart + head.dataLength, start + bytes.length);
      }),
    );
  }
});

test('a head that is used again shows nothing of the send before', () => {
  const head = createSendHead();
  const send = (fields: Partial<SendMessagesRequest>) => {
    const sent: SendMessagesRequest = { stream: 1, topic: 2, partitioning: { kind: 'balanced' }, count: 1, batch: hex(index), ...fields };
    const bytes = Buffer.from(encoded(sent, (writer: Writer, value) => sendMessages.encodeRequest(writer, value, 'classic')));
    readSendHead(bytes, 0, bytes.length, 'classic', head);
  };
  send({ stream: 'orders', topic: 'created', partitioning: { kind: 'partition', partition: 7 } });
  send({});
  assert.deepEqual([head.stream, head.topic, head.partitioning], [1, 2, 'balanced']);
});

test('malformed identifiers of a send are error 6, in whatever way', () => {
  for (const malformed of ['', '01', '0104', '010401', '0004', '030161', '010300000000', '0200', '02056162']) {
    for (const generation of generations) {
      assert.throws(() => readHead(body(malformed), generation), hasStatus(6), `stream ${malformed}`);
      assert.throws(() => readHead(body(numeric + malformed), generation), hasStatus(6), `topic ${malformed}`);
    }
  }
});

test('a name that is not UTF-8 becomes one that no topic has', () => {
  const head = readHead(body(`${numeric} 0202 61ff 0100 01000000`, index), 'classic');
  assert.equal(head.topic, 'a\ufffd');
});

test('malformed partitioning is error 3', () => {
  const refused = (partitioning: string, data = '') => {
    for (const generation of generations) {
      assert.throws(() => readHead(body(`${numeric}${numeric}${partitioning}`, data), generation), hasStatus(3), partitioning);
    }
  };
  for (const cutOff of ['', '01', '0204 0000', '0302 61']) refused(cutOff, index);
  for (const wrong of ['0101 00', '0200', '0203 000000', '0205 0000000000', '0300', '0000', '0404 00000000']) {
    refused(`${wrong} 01000000`, index);
  }
});

test('lengths that do not fit are error 3, and no messages are error 4009', () => {
  const metadata = `${numeric}${numeric}0100`;
  for (const generation of generations) {
    const refused = (bytes: Buffer, status: number) => assert.throws(() => readHead(bytes, generation), hasStatus(status));
    for (let length = 0; length < 4; length++) refused(Buffer.alloc(length), 3);
    refused(hex('01000000'), 3);
    refused(hex('ffffffff'), 3);
    refused(body(metadata, '01000000'), 3);
    refused(body(`${metadata}010000`), 3);
    refused(body(`${metadata}`, `01000000${index}`), 3);
    refused(body(`${metadata}00000000`), 4009);
    refused(body(`${metadata}00000000`, index), 4009);
  }
});

test('the classic index must fit the body, whatever the count', () => {
  const classic = (count: string, data: string) => readHead(body(`${numeric}${numeric}0100${count}`, data), 'classic');
  assert.equal(classic('02000000', index + index).count, 2);
  assert.throws(() => classic('02000000', index + index.slice(2)), hasStatus(3));
  for (const count of ['ffffffff', '01000010']) assert.throws(() => classic(count, index), hasStatus(3));
});

test('the first fault counts: metadata length, stream, topic, partitioning, index, count', () => {
  const bad = { stream: '0204', topic: '0301', partitioning: '0900' };
  const status = (bytes: Buffer, expected: number) => assert.throws(() => readHead(bytes, 'classic'), hasStatus(expected));
  status(Buffer.concat([hex('ff000000'), hex(bad.stream)]), 3);
  status(body(`${bad.stream}${bad.partitioning}00000000`), 6);
  status(body(`${numeric}${bad.topic}${bad.partitioning}00000000`), 6);
  status(body(`${numeric}${numeric}${bad.partitioning}00000000`), 3);
});

test('metadata must end with the count under VSR; classic clients may put more there', () => {
  const bytes = body(`${numeric}${numeric}0100 01000000 ffff`, index);
  assert.throws(() => readHead(bytes, 'vsr'), hasStatus(3));
  const head = readHead(bytes, 'classic');
  assert.equal(head.dataStart, bytes.length - 16);
  assert.equal(head.dataLength, 16);
});

test('damaged sends meet errors 3, 6 and 4009 alone, and nothing outside the body is read', () => {
  for (const generation of generations) {
    const bodies = damaged(request, (writer, sent) => sendMessages.encodeRequest(writer, sent, generation));
    fc.assert(
      fc.property(bodies, (bytes) => {
        try {
          const head = readHead(bytes, generation);
          assert.ok(head.count > 0 && head.dataStart + head.dataLength === bytes.length);
        } catch (error) {
          assert.ok(
            [3, 6, 4009].some((status) => hasStatus(status)(error)),
            `threw ${error}`,
          );
        }
        checkContained(bytes, (reader) => {
          const { position, remaining } = reader;
          const head = readHead(reader.bytes, generation, position, position + remaining);
          const { keyStart, dataStart, ...rest } = head;
          return { ...rest, dataStart: dataStart - position, key: head.partitioning === 'key' ? keyStart - position : undefined };
        });
      }),
      { numRuns: 400 },
    );
  }
});

test('a confirmation is written as the codec encodes it', () => {
  fc.assert(
    fc.property(any.u32, any.u32, any.u32, any.u64, fc.nat(9), (streamId, topicId, partitionId, baseOffset, at) => {
      const expected = encoded({ streamId, topicId, partitionId, baseOffset }, (writer, reply) =>
        sendMessages.encodeReply(writer, reply, 'vsr'),
      );
      const buffer = Buffer.alloc(at + sendConfirmationBytes + 5, 0xee);
      writeSendConfirmation(buffer, at, streamId, topicId, partitionId, Number(baseOffset & 0xffff_ffffn), Number(baseOffset >> 32n));
      assert.deepEqual(buffer, Buffer.concat([Buffer.alloc(at, 0xee), expected, Buffer.alloc(5, 0xee)]));
    }),
  );
});
