// What one engine call costs the JavaScript thread: node --import tsx bench/micro/engine-calls.ts
//
// Each line is the median of nine rounds, with the fastest and the slowest. Appends and polls run inline, in a temporary folder. "crossing" is a call on a handle that does
// not exist: arguments are written, checked and answered, and the engine does nothing.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import { encodeBatch } from '../../src/protocol/batch/vsr-batch.ts';
import type { Generation } from '../../src/protocol/command.ts';
import { type AppendRequest, type Completion, EngineStatus, noSlot, type PollRequest } from '../../src/storage/engine.ts';
import { createEngine } from '../../src/storage/native-engine.ts';

const rounds = 9;
const callsPerRound = 20_000;
const unknownHandle = 0xffff_ffff;

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-bench-'));
const engine = createEngine({
  ioThreads: 1,
  syncThreads: 1,
  bufferBytesMax: 256 * 1024 * 1024,
  inlineAppendBytesMax: 64 * 1024,
  inlinePollBytesMax: 1024 * 1024,
  syncIntervalMs: 1000,
  checkpointIntervalMs: 5000,
  indexCacheBytesMax: 64 * 1024 * 1024,
  openFilesMax: 64,
  consumerOffsetsMax: 1000,
  memoryBytesMax: 1024 * 1024 * 1024,
  idBytesMax: 1024 * 1024,
  spaceAhead: 'reserve',
});

const handle = await open();
let notInline = 0;

console.log(`${os.cpus()[0]?.model}, ${os.availableParallelism()} processors, Node ${process.version}, ${os.type()} ${os.release()}\n`);
await crossing();
for (const generation of ['classic', 'vsr'] as const) for (const count of [1, 10, 100]) await append(generation, count);
for (const generation of ['classic', 'vsr'] as const) for (const count of [1, 10, 100]) await poll(generation, count);
await measure('acquire and release a slot of 64 KiB', () => engine.releaseSlot(engine.acquireSlot(64 * 1024)));
await measure('load a consumer offset', () => engine.loadOffset(handle, 1, 1));

await new Promise<void>((resolve) => engine.close(handle, () => resolve()));
engine.shutdown();
rmSync(folder, { recursive: true });

function open(): Promise<number> {
  return new Promise((resolve) => {
    const options = {
      partitionId: 1,
      incarnation: 1n,
      create: true,
      segmentBytes: 2 ** 30,
      durability: 'none',
      offsetDurability: 'none',
      idEntriesMax: 0,
      idExpiryMicros: 0,
      directIo: false,
    } as const;
    const opened = engine.open(path.join(folder, 'partition'), options, () => resolve(opened));
  });
}

async function crossing(): Promise<void> {
  const request = appendRequest('classic', new Uint8Array(256), 1);
  await measure('append, crossing', () => engine.append(unknownHandle, request, unexpected));
  const pollRequest = requestOfPoll('classic', 1);
  await measure('poll, crossing', () => engine.poll(unknownHandle, pollRequest, unexpected));
}

function append(generation: Generation, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => ({
    id: BigInt(i + 1),
    payload: Buffer.alloc(100, i),
    headers: undefined,
    originTimestamp: 1n,
  }));
  const batch = generation === 'vsr' ? encodeBatch(messages, engine.xxh3) : encodeClassicMessages(messages);
  // The engine stamps a VSR batch where it lies, so each append sends a fresh copy.
  const request = appendRequest(generation, Buffer.from(batch), count);
  return measure(`append ${count} × 100 B, ${generation}`, () => {
    request.bytes.set(batch);
    if (engine.append(handle, request, queued) !== EngineStatus.ok) notInline++;
  });
}

function poll(generation: Generation, count: number): Promise<void> {
  const request = requestOfPoll(generation, count);
  return measure(`poll ${count} × 100 B, ${generation}`, () => {
    if (engine.poll(handle, request, queued) !== EngineStatus.ok) notInline++;
    else engine.releaseSlot(engine.result.slot);
  });
}

function appendRequest(generation: Generation, bytes: Uint8Array, count: number): AppendRequest {
  return { generation, slot: noSlot, bytes, start: 0, length: bytes.length, count, userId: 1, headerStart: -1 };
}

function requestOfPoll(generation: Generation, count: number): PollRequest {
  const consumer = { consumerKind: 1, consumerId: 1, autoCommit: false } as const;
  return { generation, strategy: 1, valueLow: 5, valueHigh: 0, count, headroom: 64, bytesMax: 64 * 1024 * 1024, ...consumer };
}

function queued({ slot }: Completion): void {
  if (slot !== noSlot) engine.releaseSlot(slot);
}

function unexpected(): void {
  throw new Error('a refused request completed');
}

async function measure(name: string, call: () => void): Promise<void> {
  const nanoseconds: number[] = [];
  for (let i = 0; i < callsPerRound; i++) call();
  notInline = 0;
  for (let round = 0; round < rounds; round++) {
    const begun = process.hrtime.bigint();
    for (let i = 0; i < callsPerRound; i++) call();
    nanoseconds.push(Number(process.hrtime.bigint() - begun) / callsPerRound);
    await nextTurn();
  }
  nanoseconds.sort((a, b) => a - b);
  const [median, fastest, slowest] = [nanoseconds[rounds >> 1], nanoseconds[0], nanoseconds[rounds - 1]].map((value) =>
    (value as number).toFixed(0),
  );
  console.log(
    `${name.padEnd(40)} ${median?.padStart(7)} ns   (${fastest} to ${slowest})${notInline > 0 ? `, ${notInline} calls were queued or refused` : ''}`,
  );
}
