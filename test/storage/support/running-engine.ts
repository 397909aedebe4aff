// A real engine over a temporary folder, and promises for its callbacks.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type AppendRequest,
  type Completion,
  type CompletionCallback,
  type Engine,
  type EngineOptions,
  EngineStatus,
  noSlot,
  type PartitionOptions,
  type PollRequest,
} from '../../../src/storage/engine.ts';
import { createEngine } from '../../../src/storage/native-engine.ts';

export const engineOptions: EngineOptions = {
  ioThreads: 1,
  syncThreads: 2,
  bufferBytesMax: 256 * 1024 * 1024,
  inlineAppendBytesMax: 64 * 1024,
  inlinePollBytesMax: 1024 * 1024,
  syncIntervalMs: 1000,
  checkpointIntervalMs: 1000,
  indexCacheBytesMax: 1024 * 1024,
  openFilesMax: 64,
  consumerOffsetsMax: 1000,
  idBytesMax: 1024 * 1024,
  spaceAhead: 'prewrite',
  memoryBytesMax: 1024 * 1024 * 1024,
};

export const partitionOptions: PartitionOptions = {
  partitionId: 1,
  incarnation: 0xfedc_ba98_7654_3210n,
  create: true,
  segmentBytes: 1024 * 1024 * 1024,
  durability: 'none',
  offsetDurability: 'none',
  idEntriesMax: 0,
  idExpiryMicros: 0,
  directIo: false,
};

/** What a completion said, copied. */
export interface Outcome {
  status: number;
  slot: number;
  start: number;
  length: number;
  count: number;
  firstOffset: number;
  lastOffset: number;
  currentOffset: number;
}

export function outcome(completion: Completion): Outcome {
  const { status, slot, start, length, count, firstOffset, lastOffset, currentOffset } = completion;
  return { status, slot, start, length, count, firstOffset, lastOffset, currentOffset };
}

export class RunningEngine {
  readonly engine: Engine;
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-engine-'));
  readonly #handles = new Set<number>();

  constructor(options: Partial<EngineOptions> = {}, onError?: (error: unknown) => void) {
    this.engine = createEngine({ ...engineOptions, ...options }, onError);
  }

  async open(options: Partial<PartitionOptions> = {}, name = 'partition'): Promise<number> {
    let handle = 0;
    const { status } = await settled((done) => {
      handle = this.engine.open(path.join(this.folder, name), { ...partitionOptions, ...options }, done);
    });
    if (status !== EngineStatus.ok) throw new Error(`open ended with status ${status}`);
    this.#handles.add(handle);
    return handle;
  }

  async close(handle: number): Promise<void> {
    this.#handles.delete(handle);
    await settled((done) => this.engine.close(handle, done));
  }

  append(handle: number, request: AppendRequest): Promise<Outcome> {
    return this.#run((done) => this.engine.append(handle, request, done));
  }

  poll(handle: number, request: Partial<PollRequest> = {}): Promise<Outcome> {
    return this.#run((done) => this.engine.poll(handle, pollRequest(request), done));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#handles].map((handle) => this.close(handle)));
    this.engine.shutdown();
    rmSync(this.folder, { recursive: true });
  }

  async #run(start: (done: CompletionCallback) => number): Promise<Outcome> {
    let status = 0;
    const queued = settled((done) => {
      status = start(done);
    });
    if (status === EngineStatus.queued) return queued;
    if (status !== EngineStatus.ok) throw new Error(`refused with status ${status}`);
    return outcome(this.engine.result);
  }
}

export function settled(start: (done: CompletionCallback) => void): Promise<Outcome> {
  return new Promise((resolve) => start((completion) => resolve(outcome(completion))));
}

export function appendRequest(request: Partial<AppendRequest> & { bytes: Uint8Array }): AppendRequest {
  return { generation: 'classic', slot: noSlot, start: 0, length: request.bytes.length, count: 1, userId: 0, headerStart: -1, ...request };
}

export function pollRequest(request: Partial<PollRequest> = {}): PollRequest {
  return {
    generation: 'classic',
    strategy: 1,
    valueLow: 0,
    valueHigh: 0,
    count: 1_000_000,
    headroom: 0,
    bytesMax: 64 * 1024 * 1024,
    consumerKind: 1,
    consumerId: 1,
    autoCommit: false,
    ...request,
  };
}
