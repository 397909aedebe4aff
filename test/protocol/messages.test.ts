import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeClassicMessages, encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import type { Message, PolledMessage } from '../../src/protocol/batch/message.ts';
import { decodeBatches, encodeBatch } from '../../src/protocol/batch/vsr-batch.ts';
import { pollMessages, resyncPartition } from '../../src/protocol/commands/poll-messages.ts';
import { sendMessages } from '../../src/protocol/commands/send-messages.ts';
import { encodeUserHeaders } from '../../src/protocol/primitives/user-headers.ts';
import { Reader } from '../../src/protocol/reader.ts';
import * as any from './support/arbitraries.ts';
import { checkCodec, checkContained, damaged, outcome } from './support/codec-checks.ts';
import { hasStatus } from './support/has-status.ts';
import { classicVectors, vsrVectors } from './support/vector-files.ts';
import { xxh3 } from './support/xxh3.ts';

const { record } = any;

const message: fc.Arbitrary<Message> = record<Message>({
  id: any.u128,
  payload: any.bytes,
  headers: fc.option(fc.uint8Array({ minLength: 1, maxLength: 60 }), { nil: undefined }),
  originTimestamp: fc.bigInt({ min: 2n ** 40n, max: 2n ** 40n + 0xffff_ffffn }),
});
const messages = fc.array(message, { minLength: 1, maxLength: 6 });

const classicBody = (name: string): Uint8Array => {
  const vector = classicVectors().find((candidate) => candidate.name === name);
  assert.ok(vector !== undefined, name);
  return new Uint8Array(vector.frame.subarray(8));
};

const vsrBody = (id: string): Uint8Array => {
  const vector = vsrVectors().find((candidate) => candidate.id === id);
  assert.ok(vector !== undefined, id);
  return new Uint8Array(vector.frame.subarray(256));
};

const webHeaders = encodeUserHeaders([
  { key: { kind: 'string', value: 'source' }, value: { kind: 'string', value: 'web' } },
  { key: { kind: 'string', value: 'try' }, value: { kind: 'uint32', value: 3 } },
]);

const plainMessage = (fields: Partial<Message> = {}): Message => ({
  id: 1n,
  payload: Buffer.from('hello'),
  headers: undefined,
  originTimestamp: 1000n,
  ...fields,
});

/** What a message is, without its memory. */
const content = ({ id, payload, headers, originTimestamp }: Message) => ({
  id,
  payload: Buffer.from(payload).toString('hex'),
  headers: headers === undefined ? '' : Buffer.from(headers).toString('hex'),
  originTimestamp,
});

for (const generation of ['classic', 'vsr'] as const) {
  checkCodec(
    sendMessages,
    generation,
    record({
      stream: any.identifier,
      topic: any.identifier,
      partitioning: any.partitioning,
      count: fc.integer({ min: 1, max: 3 }),
      batch: fc.uint8Array({ minLength: 16 * 3, maxLength: 300 }),
    }),
    generation === 'classic'
      ? fc.constant(undefined)
      : fc.option(record({ streamId: any.u32, topicId: any.u32, partitionId: any.u32, baseOffset: any.u64 }), { nil: undefined }),
  );
  checkCodec(
    pollMessages,
    generation,
    record({
      consumer: any.consumer,
      stream: any.identifier,
      topic: any.identifier,
      partition: any.partition,
      strategy: any.pollingStrategy,
      count: any.u32,
      autoCommit: fc.boolean(),
    }),
    record({ partition: any.u32, currentOffset: any.u64, count: any.u32, batch: any.bytes }),
  );
}

test('the send of the classic vector is encoded byte for byte', () => {
  const { batch, count } = sendMessages.decodeRequest(new Reader(classicBody('send_messages_two_balanced')), 'classic');
  const encoded = encodeClassicMessages([
    plainMessage({ id: 0n, originTimestamp: 1767225600000010n }),
    plainMessage({ id: 1n, originTimestamp: 1767225600000011n, payload: Buffer.from('world!'), headers: webHeaders }),
  ]);
  assert.equal(count, 2);
  assert.equal(Buffer.from(encoded).toString('hex'), Buffer.from(batch).toString('hex'));
});

test('the poll of the classic vector is decoded, and its checksums are those of the messages', () => {
  const reply = pollMessages.decodeReply(new Reader(classicBody('poll_messages_two')), 'classic');
  const decoded = decodeClassicMessages(reply.batch);
  assert.deepEqual(
    decoded.map(({ offset, timestamp, checksum, ...sent }) => ({ ...content(sent), offset, timestamp, checksum })),
    [
      {
        id: Buffer.from('0f1e2d3c4b5a46978899aabbccddeeff', 'hex').reduceRight((id, byte) => (id << 8n) | BigInt(byte), 0n),
        payload: '68656c6c6f',
        headers: '',
        originTimestamp: 1767225600000010n,
        offset: 0n,
        timestamp: 1767225600000100n,
        checksum: 11679845797792531296n,
      },
      {
        id: 1n,
        payload: '776f726c6421',
        headers: webHeaders.toString('hex'),
        originTimestamp: 1767225600000011n,
        offset: 1n,
        timestamp: 1767225600000100n,
        checksum: 616702718330466052n,
      },
    ],
  );
  assert.equal(xxh3(reply.batch.subarray(8, 69)), decoded[0]?.checksum);
  assert.equal(xxh3(reply.batch.subarray(69 + 8)), decoded[1]?.checksum);
});

const vsrMessages = [
  plainMessage({ id: 7n, payload: Buffer.from('first-payload') }),
  plainMessage({ id: 8n, payload: Buffer.from('second-payload'), headers: Buffer.from('user-header-bytes'), originTimestamp: 1050n }),
];

test('the batch of the VSR send vector is encoded byte for byte, checksums included', () => {
  const { batch, count } = sendMessages.decodeRequest(new Reader(vsrBody('V14')), 'vsr');
  assert.equal(count, 2);
  assert.equal(Buffer.from(encodeBatch(vsrMessages, xxh3)).toString('hex'), Buffer.from(batch).toString('hex'));
});

test('the batch of the VSR poll vector is decoded', () => {
  const reply = pollMessages.decodeReply(new Reader(vsrBody('V17')), 'vsr');
  const decoded = decodeBatches(reply.batch);
  assert.deepEqual(decoded.map(content), vsrMessages.map(content));
  assert.deepEqual(
    decoded.map(({ offset, timestamp }) => [offset, timestamp]),
    [
      [100n, 5000n],
      [101n, 5000n],
    ],
  );
});

test('an empty poll decodes to no messages, and a fenced one names the resync partition', () => {
  const empty = pollMessages.decodeReply(new Reader(classicBody('poll_messages_empty')), 'classic');
  assert.deepEqual(decodeClassicMessages(empty.batch), []);
  const fenced = pollMessages.decodeReply(new Reader(vsrBody('V18')), 'vsr');
  assert.equal(fenced.partition, resyncPartition);
  assert.deepEqual(decodeBatches(fenced.batch), []);
});

test('the classic index says where each message ends, and the messages follow as polls carry them', () => {
  fc.assert(
    fc.property(messages, (sent) => {
      const bytes = Buffer.from(encodeClassicMessages(sent));
      const indexEnd = 16 * sent.length;
      let end = 0;
      for (const [position, { payload, headers }] of sent.entries()) {
        end += 64 + payload.length + (headers?.length ?? 0);
        assert.equal(bytes.readUInt32LE(16 * position), 0);
        assert.equal(bytes.readUInt32LE(16 * position + 4), end);
        assert.equal(bytes.readBigUInt64LE(16 * position + 8), 0n);
      }
      assert.equal(bytes.length, indexEnd + end);
      const decoded = decodeClassicMessages(new Uint8Array(bytes.subarray(indexEnd)));
      assert.deepEqual(decoded.map(content), sent.map(content));
      assert.ok(decoded.every(({ offset, timestamp, checksum }) => offset === 0n && timestamp === 0n && checksum === 0n));
    }),
  );
});

test('a VSR batch is decoded as encoded, numbered by position, and every checksum covers its frame', () => {
  fc.assert(
    fc.property(messages, (sent) => {
      const bytes = new Uint8Array(encodeBatch(sent, xxh3));
      const decoded = decodeBatches(bytes);
      assert.deepEqual(decoded.map(content), sent.map(content));
      let at = 256;
      for (const [position, { offset, checksum, payload, headers }] of decoded.entries()) {
        const end = at + 48 + payload.length + (headers?.length ?? 0);
        assert.equal(offset, BigInt(position));
        assert.equal(checksum, xxh3(bytes.subarray(at + 8, end)));
        at = end;
      }
      assert.equal(at, bytes.length);
    }),
  );
});

/** Keeps frames `from` to `to` of a batch, as a server cuts it for a reply. */
function cutBatch(batch: Uint8Array, baseOffset: bigint, from: number, to: number): Buffer {
  const bytes = Buffer.from(batch);
  const frames: Buffer[] = [];
  for (let at = 256; at < bytes.length; ) {
    const end = at + 48 + bytes.readUInt32LE(at + 32) + bytes.readUInt32LE(at + 36);
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  const cut = Buffer.concat([bytes.subarray(0, 256), ...frames.slice(from, to)]);
  cut.writeBigUInt64LE(baseOffset, 8);
  cut.writeBigUInt64LE(BigInt(cut.length), 32);
  cut.writeUInt32LE(to - from, 48);
  return cut;
}

test('batches of a reply are read back to back, and a cut one keeps the offsets of its messages', () => {
  const sent = [1n, 2n, 3n, 4n].map((id) => plainMessage({ id }));
  const batch = encodeBatch(sent, xxh3);
  const decoded = decodeBatches(Buffer.concat([cutBatch(batch, 100n, 2, 4), cutBatch(batch, 104n, 0, 4), cutBatch(batch, 108n, 0, 1)]));
  assert.deepEqual(
    decoded.map(({ id, offset }) => [id, offset]),
    [
      [3n, 102n],
      [4n, 103n],
      [1n, 104n],
      [2n, 105n],
      [3n, 106n],
      [4n, 107n],
      [1n, 108n],
    ],
  );
});

test('a batch whose count, length or reserved bytes are wrong is error 3', () => {
  const batch = encodeBatch([plainMessage(), plainMessage({ id: 2n })], xxh3);
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(batch);
    change(bytes);
    return bytes;
  };
  assert.equal(decodeBatches(changed(() => {})).length, 2);
  const damages: ((bytes: Buffer) => void)[] = [
    (bytes) => bytes.writeUInt32LE(1, 48),
    (bytes) => bytes.writeUInt32LE(3, 48),
    (bytes) => bytes.writeBigUInt64LE(255n, 32),
    (bytes) => bytes.writeBigUInt64LE(BigInt(bytes.length - 1), 32),
    (bytes) => bytes.writeBigUInt64LE(BigInt(bytes.length + 1), 32),
    (bytes) => bytes.writeBigUInt64LE(2n ** 64n - 1n, 32),
    (bytes) => bytes.writeUInt8(1, 52),
    (bytes) => bytes.writeUInt8(1, 255),
    (bytes) => bytes.writeUInt8(1, 256 + 40),
    (bytes) => bytes.writeUInt32LE(0xffff_ffff, 256 + 36),
  ];
  for (const damage of damages) assert.throws(() => decodeBatches(changed(damage)), hasStatus(3));
  for (let length = 0; length < 256; length += 85) {
    const header = Buffer.alloc(256);
    header.writeBigUInt64LE(BigInt(length), 32);
    assert.throws(() => decodeBatches(header), hasStatus(3));
  }
});

test('decoders of polled messages meet damaged bytes with error 3 and never read past their range', () => {
  const classic = damaged(messages, (writer, sent) => writer.put(encodeClassicMessages(sent).subarray(16 * sent.length)));
  fc.assert(fc.property(classic, (bytes) => checkPolled(bytes, decodeClassicMessages)));
  const vsr = damaged(messages, (writer, sent) => writer.put(encodeBatch(sent, xxh3)));
  fc.assert(fc.property(vsr, (bytes) => checkPolled(bytes, decodeBatches)));
});

function checkPolled(bytes: Uint8Array, decode: (bytes: Uint8Array) => PolledMessage[]): void {
  const result = outcome(() => decode(bytes));
  if ('status' in result) assert.equal(result.status, 3);
  checkContained(bytes, (reader) => decode(reader.take(reader.remaining)));
}

test('a batch needs a message, and messages have limits', () => {
  const encoders = [encodeClassicMessages, (batch: readonly Message[]) => encodeBatch(batch, xxh3)];
  const atLimit = plainMessage({ headers: new Uint8Array(100_000) });
  const longHeaders = plainMessage({ headers: new Uint8Array(100_001) });
  const longPayload = plainMessage({ payload: new Uint8Array(64_000_001) });
  for (const encode of encoders) {
    assert.throws(() => encode([]), hasStatus(4009));
    assert.ok(encode([atLimit]).length > 100_000);
    assert.throws(() => encode([plainMessage(), longHeaders]), hasStatus(4017));
    assert.throws(() => encode([longPayload]), hasStatus(4022));
  }
});

test('a VSR batch carries origin timestamps in any order, up to 2³² − 1 µs apart', () => {
  const at = (originTimestamp: bigint) => plainMessage({ originTimestamp });
  const batch = encodeBatch([at(0xffff_ffffn + 10n), at(10n), at(500n)], xxh3);
  assert.deepEqual(
    decodeBatches(batch).map(({ originTimestamp }) => originTimestamp),
    [0xffff_ffffn + 10n, 10n, 500n],
  );
  assert.throws(() => encodeBatch([at(10n), at(0x1_0000_0000n + 10n)], xxh3), hasStatus(4038));
});

test('a send reply of several confirmations gives the first, one of none gives nothing', () => {
  const confirmation = '010000000200000003000000 6400000000000000'.replaceAll(' ', '');
  const decode = (hex: string) => sendMessages.decodeReply(new Reader(Buffer.from(hex, 'hex')), 'vsr');
  const expected = { streamId: 1, topicId: 2, partitionId: 3, baseOffset: 100n };
  assert.deepEqual(decode(`02000000${confirmation}${'ff'.repeat(20)}`), expected);
  assert.equal(decode('00000000'), undefined);
  assert.equal(decode(''), undefined);
  assert.throws(() => decode(`01000000${confirmation.slice(2)}`), hasStatus(3));
});
