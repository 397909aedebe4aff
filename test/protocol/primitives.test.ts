import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readAck, writeAck } from '../../src/protocol/primitives/ack.ts';
import { readClientDetails } from '../../src/protocol/primitives/client-details.ts';
import { readConsumer, writeConsumer } from '../../src/protocol/primitives/consumer.ts';
import { CompressionAlgorithm, readMember } from '../../src/protocol/primitives/enumerations.ts';
import { readIdentifier, writeIdentifier } from '../../src/protocol/primitives/identifier.ts';
import { readName, writeName } from '../../src/protocol/primitives/name.ts';
import { readOptionalPartition, writeOptionalPartition } from '../../src/protocol/primitives/optional-partition.ts';
import { readOptions, readPrefixedOptions, writeOptions, writePrefixedOptions } from '../../src/protocol/primitives/options.ts';
import { readPartitioning, writePartitioning } from '../../src/protocol/primitives/partitioning.ts';
import {
  readOptionalPermissions,
  readPermissions,
  writeOptionalPermissions,
  writePermissions,
} from '../../src/protocol/primitives/permissions.ts';
import { readPollingStrategy, writePollingStrategy } from '../../src/protocol/primitives/polling-strategy.ts';
import { isCompatibleProtocolVersion, packProtocolVersion } from '../../src/protocol/primitives/protocol-version.ts';
import { formatTypedValue, parseTypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { decodeUserHeaders, encodeUserHeaders } from '../../src/protocol/primitives/user-headers.ts';
import { Reader } from '../../src/protocol/reader.ts';
import { Writer } from '../../src/protocol/writer.ts';
import * as any from './support/arbitraries.ts';
import { hasStatus } from './support/has-status.ts';

const reader = (hex: string) => new Reader(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

function roundTrip<Value>(
  arbitrary: fc.Arbitrary<Value>,
  write: (writer: Writer, value: Value) => void,
  read: (reader: Reader) => Value,
): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      const writer = new Writer(1);
      write(writer, value);
      const reader = new Reader(new Uint8Array(writer.written));
      assert.deepEqual(read(reader), value);
      assert.equal(reader.remaining, 0);
    }),
  );
}

test('primitives are read back as written', () => {
  roundTrip(any.name, writeName, readName);
  roundTrip(any.identifier, writeIdentifier, readIdentifier);
  roundTrip(any.consumer, writeConsumer, readConsumer);
  roundTrip(any.partition, writeOptionalPartition, readOptionalPartition);
  roundTrip(any.partitioning, writePartitioning, readPartitioning);
  roundTrip(any.pollingStrategy, writePollingStrategy, readPollingStrategy);
  roundTrip(any.permissions, writePermissions, readPermissions);
  roundTrip(fc.option(any.permissions, { nil: undefined }), writeOptionalPermissions, readOptionalPermissions);
  roundTrip(any.options, writeOptions, readOptions);
  roundTrip(any.options, writePrefixedOptions, readPrefixedOptions);
});

test('names have 1 to 255 bytes of UTF-8', () => {
  assert.throws(() => readName(reader('00')), hasStatus(4));
  assert.throws(() => readName(reader('01')), hasStatus(3));
  assert.throws(() => readName(reader('01 ff')), hasStatus(3));
  assert.throws(() => readName(reader('')), hasStatus(3));
  assert.throws(() => writeName(new Writer(), ''), hasStatus(4));
  assert.throws(() => writeName(new Writer(), 'ä'.repeat(128)), hasStatus(4));
  const longest = 'a'.repeat(255);
  const writer = new Writer();
  writeName(writer, longest);
  assert.equal(readName(new Reader(writer.written)), longest);
});

test('names keep every byte: a byte order mark, spaces, case', () => {
  for (const name of ['\uFEFForders', ' orders ', 'Orders', '\u0000']) {
    const writer = new Writer();
    writeName(writer, name);
    assert.equal(readName(new Reader(writer.written)), name);
  }
});

test('a malformed identifier is refused with the number of its fault', () => {
  assert.throws(() => readIdentifier(reader('')), hasStatus(3));
  assert.throws(() => readIdentifier(reader('01')), hasStatus(3));
  assert.throws(() => readIdentifier(reader('00 04 01000000')), hasStatus(3));
  assert.throws(() => readIdentifier(reader('03 04 01000000')), hasStatus(3));
  assert.throws(() => readIdentifier(reader('01 04 010000')), hasStatus(3));
  assert.throws(() => readIdentifier(reader('01 08 0100000000000000')), hasStatus(4));
  assert.throws(() => readIdentifier(reader('01 00')), hasStatus(4));
  assert.throws(() => readIdentifier(reader('02 00')), hasStatus(4));
  assert.throws(() => readIdentifier(reader('02 02 c328')), hasStatus(3));
  assert.throws(() => writeIdentifier(new Writer(), ''), hasStatus(4));
});

test('a string of digits stays a name, and id 0 is an id', () => {
  assert.equal(readIdentifier(reader('02 01 37')), '7');
  assert.equal(readIdentifier(reader('01 04 00000000')), 0);
});

test('unknown kinds of consumer, strategy and partitioning are error 3', () => {
  for (const kind of ['00', '03', 'ff']) assert.throws(() => readConsumer(reader(`${kind} 01 04 01000000`)), hasStatus(3));
  for (const kind of ['00', '06', 'ff']) assert.throws(() => readPollingStrategy(reader(`${kind} 0000000000000000`)), hasStatus(3));
  for (const hex of ['00 00', '04 00', '01 01 00', '02 00', '02 08 0100000000000000', '03 00', '03 02 61', '02 04 0000']) {
    assert.throws(() => readPartitioning(reader(hex)), hasStatus(3), hex);
  }
  assert.throws(() => writePartitioning(new Writer(), { kind: 'key', key: new Uint8Array(256) }), hasStatus(4028));
  assert.throws(() => writePartitioning(new Writer(), { kind: 'key', key: new Uint8Array(0) }), hasStatus(4028));
});

test('only flag 1 makes a partition count, and its four bytes must be there', () => {
  assert.equal(readOptionalPartition(reader('01 03000000')), 3);
  assert.equal(readOptionalPartition(reader('00 03000000')), undefined);
  assert.equal(readOptionalPartition(reader('02 03000000')), undefined);
  assert.throws(() => readOptionalPartition(reader('00')), hasStatus(3));
});

test('an ack level is 0 or 1', () => {
  readAck(reader('00'));
  readAck(reader('01'));
  assert.throws(() => readAck(reader('02')), hasStatus(3));
  const writer = new Writer();
  writeAck(writer);
  assert.equal(writer.written.toString('hex'), '01');
});

test('an unknown value of an enumeration is error 3', () => {
  assert.equal(readMember(reader('02'), CompressionAlgorithm, 'compression'), CompressionAlgorithm.gzip);
  for (const hex of ['00', '03', 'ff']) assert.throws(() => readMember(reader(hex), CompressionAlgorithm, 'compression'), hasStatus(3));
});

test('any byte but 0 grants a permission, and the last entry of an id counts', () => {
  const permissions = readPermissions(
    reader('00 02 00 00 00 00 00 00 00 ff  01  07000000 000000000000 00  09  07000000 010000000000 00 00'),
  );
  assert.equal(permissions.global.readServers, true);
  assert.equal(permissions.global.sendMessages, true);
  assert.equal(permissions.global.manageServers, false);
  assert.deepEqual([...permissions.streams.keys()], [7]);
  assert.equal(permissions.streams.get(7)?.manageStream, true);
});

test('the length of permissions must be what they take', () => {
  const block = '00000000000000000000 00';
  assert.equal(readOptionalPermissions(reader(`01 0b000000 ${block}`))?.streams.size, 0);
  assert.throws(() => readOptionalPermissions(reader(`01 0a000000 ${block}`)), hasStatus(4));
  assert.throws(() => readOptionalPermissions(reader(`01 0c000000 ${block} 00`)), hasStatus(4));
  assert.throws(() => readOptionalPermissions(reader('01 0b000000 00')), hasStatus(3));
  assert.equal(readOptionalPermissions(reader('02')), undefined);
});

test('permissions are written by ascending id', () => {
  const writer = new Writer();
  const none = { manageStream: false, readStream: false, manageTopics: false, readTopics: false, pollMessages: false, sendMessages: false };
  const global = readPermissions(reader('00000000000000000000 00')).global;
  const stream = { ...none, topics: new Map() };
  writePermissions(writer, {
    global,
    streams: new Map([
      [10, stream],
      [9, stream],
    ]),
  });
  assert.deepEqual([...readPermissions(new Reader(writer.written)).streams.keys()], [9, 10]);
});

test('a count of client groups beyond the bytes is an error, without room being made for it', () => {
  assert.throws(() => readClientDetails(reader('01000000 ffffffff 01 01000000 61 ffffffff 00000000')), hasStatus(3));
});

test('typed values are parsed back from their bytes', () => {
  fc.assert(
    fc.property(any.typedValue, (value) => {
      assert.deepEqual(parseTypedValue(formatTypedValue(value)), value);
    }),
  );
});

test('negative numbers are two’s complement, little-endian', () => {
  const bytes = (hex: string) => Buffer.from(hex, 'hex');
  assert.deepEqual(parseTypedValue({ kind: 4, bytes: bytes('fe') }), { kind: 'int8', value: -2 });
  assert.deepEqual(parseTypedValue({ kind: 8, bytes: bytes(`fe${'ff'.repeat(15)}`) }), { kind: 'int128', value: -2n });
  assert.deepEqual(parseTypedValue({ kind: 13, bytes: bytes(`fe${'ff'.repeat(15)}`) }), { kind: 'uint128', value: 2n ** 128n - 2n });
});

test('user headers are decoded as encoded, in their order', () => {
  fc.assert(
    fc.property(fc.array(any.record({ key: any.typedValue, value: any.typedValue }), { maxLength: 20 }), (headers) => {
      assert.deepEqual(decodeUserHeaders(new Uint8Array(encodeUserHeaders(headers))), headers);
    }),
  );
});

test('malformed user headers are refused with the number of their fault', () => {
  const decode = (hex: string) => () => decodeUserHeaders(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  assert.throws(decode('02 01000000 61 02 02000000 61'), hasStatus(3));
  assert.throws(decode('00 01000000 61 02 01000000 61'), hasStatus(4040));
  assert.throws(decode('02 01000000 61 10 01000000 61'), hasStatus(4040));
  assert.throws(decode('02 00000000 02 01000000 61'), hasStatus(4018));
  assert.throws(decode('02 01000000 61 02 00000000'), hasStatus(4019));
  assert.throws(decode(`02 01000000 61 01 00010000 ${'00'.repeat(256)}`), hasStatus(4019));
  assert.throws(decode('02 01000000 61 0b 02000000 0000'), hasStatus(4019));
  assert.throws(decode('0b 02000000 0000 02 01000000 61'), hasStatus(4018));
  assert.throws(decode('02 01000000 61 03 01000000 02'), hasStatus(4019));
  assert.throws(decode('02 01000000 61 02 01000000 ff'), hasStatus(4019));
  assert.throws(() => decodeUserHeaders(new Uint8Array(100_001)), hasStatus(4017));
  const large = { key: { kind: 'string', value: 'k' }, value: { kind: 'raw', value: new Uint8Array(255) } } as const;
  assert.throws(() => encodeUserHeaders(Array.from({ length: 400 }, () => large)), hasStatus(4017));
  assert.throws(() => encodeUserHeaders([{ key: { kind: 'string', value: '' }, value: large.value }]), hasStatus(4018));
  assert.throws(() => encodeUserHeaders([{ key: large.key, value: { kind: 'string', value: '' } }]), hasStatus(4019));
});

test('a malformed options block is error 3', () => {
  for (const hex of [
    '01 01000000 61 02 01000000 62', // key that is not text
    '02 00000000 02 01000000 62', // empty key
    '02 00010000', // long key
    '02 01000000 61 00 01000000 62', // value kind 0
    '02 01000000 61 10 01000000 62', // value kind 16
    '02 01000000 61 02 00000000', // empty value
    '02 01000000 61 02 02000000 62', // cut value
    '02 01000000 61 02 01000000 62 02 01000000 61 02 01000000 63', // twice the same key
    '02 01000000 ff 02 01000000 62', // key that is not UTF-8
  ]) {
    assert.throws(() => readOptions(reader(hex)), hasStatus(3), hex);
  }
});

test('an options block has at most 1024 entries and 100,000 bytes', () => {
  const block = (count: number, bytes: number) => {
    const options = new Map(Array.from({ length: count }, (_, index) => [`option-${index}`, { kind: 1, bytes: new Uint8Array(bytes) }]));
    const writer = new Writer();
    writeOptions(writer, options);
    return writer.written;
  };
  assert.equal(readOptions(new Reader(block(1024, 1))).size, 1024);
  assert.throws(() => block(1025, 1), hasStatus(4043));
  assert.throws(() => block(400, 255), hasStatus(4043));
  const over = Buffer.concat([block(1024, 1), Buffer.from('0201000000610201000000 62'.replace(' ', ''), 'hex')]);
  assert.throws(() => readOptions(new Reader(over)), hasStatus(4043));
  assert.throws(() => readOptions(new Reader(new Uint8Array(100_001))), hasStatus(4043));
  assert.throws(() => readPrefixedOptions(reader('ffffffff')), hasStatus(4043));
  assert.throws(() => readPrefixedOptions(reader('05000000 00')), hasStatus(3));
});

test('option values outlive the frame they came in', () => {
  const frame = Buffer.from('02010000006102010000007a', 'hex');
  const options = readOptions(new Reader(frame));
  frame.fill(0);
  assert.deepEqual(options.get('a'), { kind: 2, bytes: new Uint8Array([0x7a]) });
});

test('protocol versions: any patch of the same minor version', () => {
  assert.equal(packProtocolVersion(0, 11, 0), 11264);
  for (const version of [11264, 11265, 12287]) assert.ok(isCompatibleProtocolVersion(version), `${version}`);
  for (const version of [0, 11263, 12288, 12290, packProtocolVersion(1, 0, 0), 0xffff_ffff])
    assert.ok(!isCompatibleProtocolVersion(version), `${version}`);
});
