import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  classicRequestBytes,
  classicRequestCode,
  classicResponseBytes,
  classicResponseStatus,
  writeClassicRequestHeader,
  writeClassicResponseHeader,
} from '../../src/protocol/frame/classic.ts';
import { detectGeneration } from '../../src/protocol/frame/generation.ts';
import { readResult, writeResult } from '../../src/protocol/frame/result.ts';
import {
  frameBytes,
  frameCommand,
  hasRequestChecksum,
  readEviction,
  replyClient,
  replyCommit,
  replyNumber,
  replyOp,
  replyOperationByte,
  replyStatus,
  replyTimestamp,
  requestChecksum,
  requestClient,
  requestCode,
  requestHeaderFault,
  requestNumber,
  requestOperation,
  requestSession,
  stampReply,
  type VsrRequestHeader,
  vsrFrameBytesMax,
  writeEviction,
  writeReplyHeader,
  writeRequestHeader,
} from '../../src/protocol/frame/vsr.ts';
import { EvictionReason, Operation } from '../../src/protocol/operations.ts';
import { Reader } from '../../src/protocol/reader.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { record } from './support/arbitraries.ts';
import { hasStatus } from './support/has-status.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });

const requestHeader = record({
  client: u128,
  checksum: u128,
  request: u64,
  operation: fc.integer({ min: 0, max: 255 }),
  session: u64,
  code: u32,
  bodyBytes: fc.integer({ min: 0, max: 0xffff_ff00 - 1 }),
});

const sound: VsrRequestHeader = {
  client: 1n,
  checksum: 0n,
  request: 1n,
  operation: Operation.createStream,
  session: 7n,
  code: 0,
  bodyBytes: 0,
};

test('a classic request counts its code in its length, a response does not count its header', () => {
  const bytes = Buffer.alloc(20, 0xff);
  writeClassicRequestHeader(bytes, 3, 101, 5);
  assert.equal(bytes.toString('hex', 3, 11), '0900000065000000');
  assert.equal(classicRequestBytes(bytes, 3), 13);
  assert.equal(classicRequestCode(bytes, 3), 101);
  writeClassicResponseHeader(bytes, 3, 1009, 0);
  assert.equal(bytes.toString('hex', 3, 11), 'f103000000000000');
  assert.equal(classicResponseStatus(bytes, 3), 1009);
  assert.equal(classicResponseBytes(bytes, 3), 8);
});

test('a request header is read back as written, at any position, and nothing around it changes', () => {
  fc.assert(
    fc.property(requestHeader, fc.integer({ min: 0, max: 40 }), (header, at) => {
      const bytes = Buffer.alloc(at + 300, 0xa5);
      writeRequestHeader(bytes, at, header);
      assert.equal(frameBytes(bytes, at), 256 + header.bodyBytes);
      assert.equal(frameCommand(bytes, at), 5);
      assert.deepEqual(
        {
          client: requestClient(bytes, at),
          checksum: requestChecksum(bytes, at),
          request: requestNumber(bytes, at),
          operation: requestOperation(bytes, at),
          session: requestSession(bytes, at),
          code: requestCode(bytes, at),
          bodyBytes: header.bodyBytes,
        },
        header,
      );
      assert.equal(hasRequestChecksum(bytes, at), header.checksum !== 0n);
      assert.ok(bytes.subarray(0, at).every((byte) => byte === 0xa5));
      assert.ok(bytes.subarray(at + 256).every((byte) => byte === 0xa5));
    }),
  );
});

test('a reply echoes the request, and a stamp makes it that of a committed operation', () => {
  fc.assert(
    fc.property(requestHeader, u32, u64, u64, u64, (header, status, op, commit, timestamp) => {
      const request = Buffer.alloc(300);
      writeRequestHeader(request, 20, header);
      request.fill(0xc1, 20 + 32, 20 + 48);
      request.writeBigUInt64LE(99n, 20 + 160);
      const reply = Buffer.alloc(300, 0xa5);
      writeReplyHeader(reply, 7, request, 20, 64, status, 12);
      assert.equal(frameBytes(reply, 7), 268);
      assert.equal(frameCommand(reply, 7), 8);
      assert.equal(replyOperationByte(reply, 7), 64);
      assert.equal(replyStatus(reply, 7), status);
      assert.equal(replyNumber(reply, 7), header.request);
      assert.equal(replyClient(reply, 7), header.client);
      assert.equal(reply.readBigUInt64LE(7 + 128), header.checksum & 0xffff_ffff_ffff_ffffn);
      assert.equal(reply.toString('hex', 7 + 32, 7 + 48), 'c1'.repeat(16));
      assert.equal(replyTimestamp(reply, 7), 99n);
      stampReply(reply, 7, op, commit, timestamp);
      assert.deepEqual([replyOp(reply, 7), replyCommit(reply, 7), replyTimestamp(reply, 7)], [op, commit, timestamp]);
      assert.equal(replyNumber(reply, 7), header.request);
    }),
  );
});

test('an eviction is read back as written', () => {
  const bytes = Buffer.alloc(260, 0xff);
  const eviction = {
    client: 2n ** 127n + 5n,
    reason: EvictionReason.incompatibleProtocol,
    protocolVersion: 11264,
    protocolVersionMin: 11264,
  };
  writeEviction(bytes, 4, eviction);
  assert.equal(frameBytes(bytes, 4), 256);
  assert.equal(frameCommand(bytes, 4), 13);
  assert.deepEqual(readEviction(bytes, 4), eviction);
});

test('header rules: client id, declared operation, session and request number as the operation wants them', () => {
  const fault = (change: Partial<VsrRequestHeader>) => {
    const bytes = Buffer.alloc(256);
    writeRequestHeader(bytes, 0, { ...sound, ...change });
    return requestHeaderFault(bytes, 0);
  };
  assert.equal(fault({}), undefined);
  assert.match(fault({ client: 0n }) ?? '', /client/);
  assert.equal(fault({ client: 1n << 127n }), undefined);
  for (const operation of [0, 4, 63, 69, 127, 150, 159, 163, 255])
    assert.match(fault({ operation }) ?? '', /operation/, `operation ${operation}`);
  assert.match(fault({ session: 0n }) ?? '', /session/);
  assert.match(fault({ request: 0n }) ?? '', /session/);
  assert.equal(fault({ operation: Operation.nonReplicated, session: 0n, request: 0n }), undefined);
  assert.equal(fault({ operation: Operation.register, session: 0n, request: 0n }), undefined);
  assert.match(fault({ operation: Operation.register, session: 1n << 63n, request: 0n }) ?? '', /login/);
  assert.match(fault({ operation: Operation.register, session: 0n, request: 1n }) ?? '', /login/);
  assert.equal(fault({ operation: Operation.removeConsumerGroupMember }), undefined);
});

test('a result section is read back, whatever the number of entries, and the payload follows it', () => {
  const success = new Writer();
  writeResult(success, 0);
  assert.equal(success.written.toString('hex'), '00000000');
  const failure = new Writer();
  writeResult(failure, 1012);
  assert.equal(failure.written.toString('hex'), '0100000000000000f4030000');
  assert.equal(readResult(new Reader(failure.written)), 1012);
  const two = new Writer().u32(2).u32(0).u32(58).u32(1).u32(3).u8(77);
  const reader = new Reader(two.written);
  assert.equal(readResult(reader), 58);
  assert.equal(reader.u8(), 77);
});

test('a result section that is cut short is an error, also with a count beyond all bounds', () => {
  for (const hex of ['', '000000', '01000000', '0100000000000000f403', '0200000000000000f4030000', 'ffffffff00000000f4030000']) {
    assert.throws(() => readResult(new Reader(Buffer.from(hex, 'hex'))), hasStatus(3), hex);
  }
});

test('the generation is told by the first bytes', () => {
  const header = Buffer.alloc(300);
  writeRequestHeader(header, 0, sound);
  const judge = (change: (bytes: Buffer) => void, length = 256) => {
    const bytes = Buffer.from(header);
    change(bytes);
    return detectGeneration(bytes, 0, length);
  };
  const unchanged = () => {};
  for (let length = 0; length < 256; length++) assert.equal(judge(unchanged, length), 'need-more', `${length} bytes`);
  assert.equal(judge(unchanged), 'vsr');
  assert.equal(judge(unchanged, 300), 'vsr');
  for (const length of [1, 4, 22, 0xffff_ffff])
    assert.equal(
      judge((bytes) => bytes.writeUInt32LE(length), 4),
      'classic',
    );
  assert.equal(
    judge((bytes) => bytes.writeUInt8(8, 60)),
    'refuse',
  );
  assert.equal(
    judge((bytes) => bytes.writeUInt32LE(255, 48)),
    'refuse',
  );
  assert.equal(
    judge((bytes) => bytes.writeUInt32LE(vsrFrameBytesMax, 48)),
    'vsr',
  );
  assert.equal(
    judge((bytes) => bytes.writeUInt32LE(vsrFrameBytesMax + 1, 48)),
    'refuse',
  );
  assert.equal(detectGeneration(Buffer.concat([Buffer.alloc(5, 9), header]), 5, 261), 'vsr');
});
