import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../src/protocol/command.ts';
import { commandByCode, commandByOperation } from '../../src/protocol/commands/registry.ts';
import { errorName } from '../../src/protocol/errors.ts';
import {
  classicHeaderBytes,
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
  vsrHeaderBytes,
  writeEviction,
  writeReplyHeader,
  writeRequestHeader,
} from '../../src/protocol/frame/vsr.ts';
import { answeredOperation, type EvictionReason, hasResultSection, Operation, VsrCommand } from '../../src/protocol/operations.ts';
import { Reader } from '../../src/protocol/reader.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { replyFields, requestFields } from './support/command-fields.ts';
import { hasStatus } from './support/has-status.ts';
import { type ClassicVector, classicVectors, type Fields, type VsrVector, vsrVectors } from './support/vector-files.ts';

/** Requests whose layout is right and whose content a server refuses, with the status. */
const refusedRequests = new Map([
  ['malformed_identifier_zero_length_string', 4],
  ['update_topic_go_sdk_test', 3],
]);

/** A read's reply names no code: it is that of the request it answers. */
const codeOfReply = new Map([
  ['V02', 1],
  ['V17', 100],
  ['V18', 100],
  ['V22', 606],
  ['V24', 12],
  ['V25', 12],
  ['V31', 13],
  ['V36', 103],
  ['V42', 301],
]);

for (const vector of classicVectors()) {
  test(`classic vector ${vector.name}`, () => {
    if (vector.direction === 'request') classicRequest(vector);
    else classicResponse(vector);
  });
}

for (const vector of vsrVectors()) {
  test(`VSR vector ${vector.id}`, () => {
    assert.equal(vector.frame.length, vector.length);
    if (vector.kind === 'classic') classicLogin(vector);
    else if (frameCommand(vector.frame, 0) === VsrCommand.request) vsrRequest(vector);
    else if (frameCommand(vector.frame, 0) === VsrCommand.reply) vsrReply(vector);
    else vsrEviction(vector);
  });
}

function classicRequest({ name, code, fields, frame }: ClassicVector): void {
  assert.equal(detectGeneration(frame, 0, frame.length), 'classic');
  if (name === 'frame_length_below_4') {
    assert.equal(classicRequestBytes(frame, 0), 4 + Number(fields.length));
    assert.ok(classicRequestBytes(frame, 0) < classicHeaderBytes);
    return;
  }
  assert.equal(classicRequestBytes(frame, 0), frame.length);
  assert.equal(classicRequestCode(frame, 0), code);
  const command = commandByCode(code, 'classic');
  if (name === 'unknown_command') {
    assert.equal(command, undefined);
    return;
  }
  assert.ok(command !== undefined, `no command has code ${code}`);
  const body = new Uint8Array(frame.subarray(classicHeaderBytes));
  const refusal = refusedRequests.get(name);
  if (refusal !== undefined) {
    assert.throws(() => command.decodeRequest(new Reader(body), 'classic'), hasStatus(refusal));
    return;
  }
  const reader = new Reader(body);
  const request = command.decodeRequest(reader, 'classic');
  assert.equal(reader.remaining, 0);
  assert.deepEqual(requestFields(command, request, 'classic'), fields);
  const writer = new Writer(1);
  command.encodeRequest(writer, request, 'classic');
  const again = Buffer.alloc(classicHeaderBytes);
  writeClassicRequestHeader(again, 0, code, writer.length);
  assertBytes(Buffer.concat([again, writer.written]), frame);
}

function classicResponse({ code, status, fields, frame }: ClassicVector): void {
  assert.equal(classicResponseBytes(frame, 0), frame.length);
  assert.equal(classicResponseStatus(frame, 0), status);
  const writer = new Writer(1);
  if (status === 0) {
    const command = commandByCode(code, 'classic');
    assert.ok(command !== undefined, `no command has code ${code}`);
    const reader = new Reader(new Uint8Array(frame.subarray(classicHeaderBytes)));
    const reply = command.decodeReply(reader, 'classic');
    assert.equal(reader.remaining, 0);
    assert.deepEqual(replyFields(command, reply, 'classic'), fields);
    command.encodeReply(writer, reply, 'classic');
  } else {
    assert.equal(errorName(status as number)?.replaceAll('-', '_'), fields.error);
  }
  const again = Buffer.alloc(classicHeaderBytes);
  writeClassicResponseHeader(again, 0, status as number, writer.length);
  assertBytes(Buffer.concat([again, writer.written]), frame);
}

/** The one classic frame among the VSR vectors: it tells the generations apart. */
function classicLogin({ fields, frame }: VsrVector): void {
  assert.equal(detectGeneration(frame, 0, 4), 'classic');
  assert.equal(classicRequestBytes(frame, 0), 4 + Number(fields.length));
  assert.equal(classicRequestCode(frame, 0), fields.code);
}

function vsrRequest(vector: VsrVector): void {
  const { frame } = vector;
  assert.equal(detectGeneration(frame, 0, frame.length), 'vsr');
  assert.equal(requestHeaderFault(frame, 0), undefined);
  const header = {
    client: requestClient(frame, 0),
    checksum: requestChecksum(frame, 0),
    request: requestNumber(frame, 0),
    operation: requestOperation(frame, 0),
    session: requestSession(frame, 0),
    code: requestCode(frame, 0),
    bodyBytes: frame.length - vsrHeaderBytes,
  };
  assertHeader(vector, { ...header, request_checksum: header.checksum, command: VsrCommand.request, size: frameBytes(frame, 0) });

  const command = header.operation === Operation.nonReplicated ? commandByCode(header.code, 'vsr') : commandByOperation(header.operation);
  assert.ok(command !== undefined, `no command for operation ${header.operation} and code ${header.code}`);
  const reader = new Reader(new Uint8Array(frame.subarray(vsrHeaderBytes)));
  const request = command.decodeRequest(reader, 'vsr');
  assert.deepEqual(requestFields(command, request, 'vsr'), vector.body_fields ?? {});
  const writer = new Writer(1);
  command.encodeRequest(writer, request, 'vsr');
  const again = Buffer.alloc(vsrHeaderBytes, 0xff);
  writeRequestHeader(again, 0, header);
  assertBytes(Buffer.concat([again, writer.written]), frame);
}

function vsrReply(vector: VsrVector): void {
  const { frame } = vector;
  const operation = replyOperationByte(frame, 0);
  const status = replyStatus(frame, 0);
  const client = replyClient(frame, 0);
  const checksum = frame.readBigUInt64LE(128);
  const [op, commit, timestamp, request] = [replyOp(frame, 0), replyCommit(frame, 0), replyTimestamp(frame, 0), replyNumber(frame, 0)];
  assertHeader(vector, {
    ...{ operation, status, client, op, commit, timestamp, request },
    ...{ request_checksum: checksum, command: VsrCommand.reply, size: frameBytes(frame, 0) },
  });

  const body = vsrReplyBody(vector, operation, status);
  const asked = Buffer.alloc(vsrHeaderBytes);
  writeRequestHeader(asked, 0, { client, checksum, request, operation: answeredOperation(operation), session: 7n, code: 0, bodyBytes: 0 });
  const again = Buffer.alloc(vsrHeaderBytes, 0xff);
  writeReplyHeader(again, 0, asked, 0, operation, status, body.length);
  stampReply(again, 0, op, commit, timestamp);
  assertBytes(Buffer.concat([again, body]), frame);
}

/** Decodes a reply's body, compares it and returns it encoded again. */
function vsrReplyBody({ id, frame, body_fields: expected = {} }: VsrVector, operation: number, status: number): Buffer {
  const writer = new Writer(1);
  const reader = new Reader(new Uint8Array(frame.subarray(vsrHeaderBytes)));
  if (status !== 0) {
    assert.notEqual(errorName(status), undefined);
    assert.equal(reader.remaining, 0);
    return writer.written;
  }
  const read: Fields = {};
  if (hasResultSection(operation)) {
    const result = readResult(reader);
    writeResult(writer, result);
    if (result !== 0) {
      assert.deepEqual({ result_count: 1, index: 0, result }, expected);
      return writer.written;
    }
    read.result_count = 0;
  }
  const command = replyCommand(id, operation);
  const reply = command.decodeReply(reader, 'vsr');
  assert.equal(reader.remaining, 0);
  assert.deepEqual({ ...read, ...replyFields(command, reply, 'vsr') }, expected);
  command.encodeReply(writer, reply, 'vsr');
  return writer.written;
}

function replyCommand(id: string, operation: number): Command<unknown, unknown> {
  const command =
    operation === Operation.nonReplicated
      ? commandByCode(codeOfReply.get(id) as number, 'vsr')
      : commandByOperation(answeredOperation(operation));
  assert.ok(command !== undefined, `no command for the reply of operation ${operation}`);
  return command;
}

function vsrEviction(vector: VsrVector): void {
  const { frame } = vector;
  const eviction = readEviction(frame, 0);
  assertHeader(vector, {
    client: eviction.client,
    reason: eviction.reason,
    server_protocol_version: eviction.protocolVersion,
    server_protocol_version_min: eviction.protocolVersionMin,
    command: VsrCommand.eviction,
    size: frameBytes(frame, 0),
  });
  const again = Buffer.alloc(vsrHeaderBytes, 0xff);
  writeEviction(again, 0, { ...eviction, reason: eviction.reason as EvictionReason });
  assertBytes(again, frame);
}

/** What was read from the header is what the vector lists, both as fields and as bytes. */
function assertHeader({ fields, header_nonzero }: VsrVector, header: Readonly<Record<string, number | bigint>>): void {
  for (const [name, value] of Object.entries(fields)) assert.equal(BigInt(header[name] ?? -1), BigInt(value as number | string), name);
  for (const { field, hex } of header_nonzero) {
    const value = BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`);
    assert.equal(BigInt(header[field] ?? -1), value, field);
  }
}

function assertBytes(actual: Buffer, expected: Buffer): void {
  assert.equal(actual.toString('hex'), expected.toString('hex'));
}
