// VSR frames: a header of 256 bytes, then the body. Bytes that are not listed are zero.
//
//   every frame   0 checksum u128 · 16 body checksum u128 · 32 cluster u128 · 48 size u32 (header and body) · 52 view u32 · 56 release u32
//                 60 command u8 · 61 replica u8
//   request (5)   128 client u128 · 144 request checksum u128 (0: none, else XXH3-64 of the body) · 160 timestamp u64 · 168 request u64
//                 176 operation u8 · 184 session u64 · 192 user u32 · 196 code u32 (operation 2 only)
//   reply (8)     128 request checksum u128 · 144 context u128 · 160 client u128 · 176 op u64 · 184 commit u64 · 192 timestamp u64
//                 200 request u64 · 208 operation u8 · 216 status u32
//   eviction (13) 128 client u128 · 144 protocol version u32 · 148 oldest protocol version u32 · 255 reason u8
//
// All functions take the position of the frame's first byte and leave the bounds to the caller: 256 bytes must be there.

import { type EvictionReason, isClientOperation, isInternalOperation, Operation, VsrCommand } from '../operations.ts';

export const vsrHeaderBytes = 256;

/** Default limit of a frame, header included, in both directions. */
export const vsrFrameBytesMax = 64 * 1024 * 1024;

/** Bytes of the whole frame. */
export function frameBytes(frame: Buffer, at: number): number {
  return frame.readUInt32LE(at + 48);
}

export function frameCommand(frame: Buffer, at: number): number {
  return frame.readUInt8(at + 60);
}

export function requestClient(frame: Buffer, at: number): bigint {
  return readU128(frame, at + 128);
}

/** `client`: the 16 bytes of the id as they stand in a header. */
export function writeRequestClient(frame: Buffer, at: number, client: Uint8Array): void {
  frame.set(client, at + 128);
}

/** 0 when the client did not stamp it, else XXH3-64 of the body. */
export function requestChecksum(frame: Buffer, at: number): bigint {
  return readU128(frame, at + 144);
}

export function hasRequestChecksum(frame: Buffer, at: number): boolean {
  return !isZero(frame, at + 144, 16);
}

export function requestNumber(frame: Buffer, at: number): bigint {
  return frame.readBigUInt64LE(at + 168);
}

/** The same without a bigint: exact up to 2^53. */
export function requestNumberValue(frame: Buffer, at: number): number {
  return frame.readUInt32LE(at + 168) + frame.readUInt32LE(at + 172) * 2 ** 32;
}

export function requestOperation(frame: Buffer, at: number): number {
  return frame.readUInt8(at + 176);
}

export function requestSession(frame: Buffer, at: number): bigint {
  return frame.readBigUInt64LE(at + 184);
}

/** The classic command code; counts only under operation 2. */
export function requestCode(frame: Buffer, at: number): number {
  return frame.readUInt32LE(at + 196);
}

/** Why a request header breaks the rules; undefined when it keeps them. The size is the framer's to check. */
export function requestHeaderFault(frame: Buffer, at: number): string | undefined {
  const operation = requestOperation(frame, at);
  if (isZero(frame, at + 128, 16)) return 'client id is zero';
  if (!isClientOperation(operation) && !isInternalOperation(operation)) return 'operation is not declared';
  if (operation === Operation.nonReplicated) return undefined;
  const noSession = isZero(frame, at + 184, 8);
  const noNumber = isZero(frame, at + 168, 8);
  if (operation === Operation.register) return noSession && noNumber ? undefined : 'login carries a session or a request number';
  return noSession || noNumber ? 'session or request number is missing' : undefined;
}

export interface VsrRequestHeader {
  /** 128 bits, not 0. */
  client: bigint;
  /** XXH3-64 of the body; 0 for none. */
  checksum: bigint;
  request: bigint;
  operation: number;
  session: bigint;
  /** Classic command code under operation 2, else 0. */
  code: number;
  bodyBytes: number;
}

export function writeRequestHeader(target: Buffer, at: number, header: VsrRequestHeader): void {
  startHeader(target, at, VsrCommand.request, header.bodyBytes);
  writeU128(target, at + 128, header.client);
  writeU128(target, at + 144, header.checksum);
  target.writeBigUInt64LE(header.request, at + 168);
  target.writeUInt8(header.operation, at + 176);
  target.writeBigUInt64LE(header.session, at + 184);
  target.writeUInt32LE(header.code, at + 196);
}

/**
 * Reply to the request whose header lies in `request`: echoes its cluster, checksum, client, timestamp and number.
 * `operation` is the reply's own (see `replyOperation` in operations.ts). A status other than 0 goes without body. `target` and `request` may not overlap.
 */
export function writeReplyHeader(
  target: Buffer,
  at: number,
  request: Buffer,
  requestAt: number,
  operation: number,
  status: number,
  bodyBytes: number,
): void {
  startHeader(target, at, VsrCommand.reply, bodyBytes);
  request.copy(target, at + 32, requestAt + 32, requestAt + 48);
  request.copy(target, at + 128, requestAt + 144, requestAt + 160);
  request.copy(target, at + 160, requestAt + 128, requestAt + 144);
  request.copy(target, at + 192, requestAt + 160, requestAt + 176);
  target.writeUInt8(operation, at + 208);
  target.writeUInt32LE(status, at + 216);
}

/** Marks a written reply as that of a committed operation: its number, the latest committed number, and its time in microseconds. */
export function stampReply(target: Buffer, at: number, op: bigint, commit: bigint, timestamp: bigint): void {
  target.writeBigUInt64LE(op, at + 176);
  target.writeBigUInt64LE(commit, at + 184);
  target.writeBigUInt64LE(timestamp, at + 192);
}

export function replyClient(frame: Buffer, at: number): bigint {
  return readU128(frame, at + 160);
}

/** Number of the committed operation. */
export function replyOp(frame: Buffer, at: number): bigint {
  return frame.readBigUInt64LE(at + 176);
}

export function replyCommit(frame: Buffer, at: number): bigint {
  return frame.readBigUInt64LE(at + 184);
}

/** Microseconds since 1970. */
export function replyTimestamp(frame: Buffer, at: number): bigint {
  return frame.readBigUInt64LE(at + 192);
}

/** Number of the request that is answered. */
export function replyNumber(frame: Buffer, at: number): bigint {
  return frame.readBigUInt64LE(at + 200);
}

export function replyOperationByte(frame: Buffer, at: number): number {
  return frame.readUInt8(at + 208);
}

export function replyStatus(frame: Buffer, at: number): number {
  return frame.readUInt32LE(at + 216);
}

export interface VsrEviction {
  client: bigint;
  /** See `EvictionReason`; clients must expect others. */
  reason: number;
  /** The server's window, for `incompatibleProtocol` alone, else 0. */
  protocolVersion: number;
  protocolVersionMin: number;
}

/** An eviction is a header without body. */
export function writeEviction(target: Buffer, at: number, eviction: VsrEviction & { reason: EvictionReason }): void {
  startHeader(target, at, VsrCommand.eviction, 0);
  writeU128(target, at + 128, eviction.client);
  target.writeUInt32LE(eviction.protocolVersion, at + 144);
  target.writeUInt32LE(eviction.protocolVersionMin, at + 148);
  target.writeUInt8(eviction.reason, at + 255);
}

export function readEviction(frame: Buffer, at: number): VsrEviction {
  return {
    client: readU128(frame, at + 128),
    reason: frame.readUInt8(at + 255),
    protocolVersion: frame.readUInt32LE(at + 144),
    protocolVersionMin: frame.readUInt32LE(at + 148),
  };
}

function startHeader(target: Buffer, at: number, command: number, bodyBytes: number): void {
  target.fill(0, at, at + vsrHeaderBytes);
  target.writeUInt32LE(vsrHeaderBytes + bodyBytes, at + 48);
  target.writeUInt8(command, at + 60);
}

function isZero(bytes: Buffer, at: number, length: number): boolean {
  for (let word = at; word < at + length; word += 4) {
    if (bytes.readUInt32LE(word) !== 0) return false;
  }
  return true;
}

function readU128(bytes: Buffer, at: number): bigint {
  return bytes.readBigUInt64LE(at) | (bytes.readBigUInt64LE(at + 8) << 64n);
}

function writeU128(target: Buffer, at: number, value: bigint): void {
  target.writeBigUInt64LE(value & 0xffff_ffff_ffff_ffffn, at);
  target.writeBigUInt64LE(value >> 64n, at + 8);
}
