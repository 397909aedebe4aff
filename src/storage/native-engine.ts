// The engine as the addon implements it: every call writes its numbers into the shared words (layouts: native/binding/call_block.h) and crosses into C++ once.

import { Buffer } from 'node:buffer';
import { type Addon, loadAddon, type NativeEngine } from '../addon/addon.ts';
import type { Generation } from '../protocol/command.ts';
import { fenceReasonNames } from '../protocol/commands/check-partition.ts';
import { CompletionRecord, completionBytes } from './completion-record.ts';
import type { EngineEncryption } from './encryption-keys.ts';
import {
  type AppendRequest,
  type BufferStats,
  type Completion,
  type CompletionCallback,
  type ConsumerKind,
  type Durability,
  type Engine,
  type EngineOptions,
  type EngineStats,
  EngineStatus,
  type FenceReason,
  type IdStats,
  type MemoryStats,
  noSlot,
  type PartitionOptions,
  type PartitionStats,
  type PollRequest,
  type SegmentStats,
  type SlotRange,
  type SpaceAhead,
  type StoredRun,
  type VerifyPlace,
} from './engine.ts';
import { RequestTable } from './request-table.ts';

const durabilityNumbers: Readonly<Record<Durability, number>> = { none: 0, interval: 1, group: 2 };
const spaceAheadNumbers: Readonly<Record<SpaceAhead, number>> = { none: 0, reserve: 1, prewrite: 2 };
const partitionStates = ['opening', 'ready', 'fenced', 'closed'] as const;
const closedState = partitionStates.indexOf('closed');

/** What native/binding/engine_partitions.cc writes for each segment. */
const segmentFigures = 5;

/** What native/binding/engine_buffers.cc writes for the engine: eight figures, and two for each bucket of syncs. */
const engineFigures = 8;
const engineFiguresMax = 64;

/** Larger slots have another capacity each time they are acquired. */
const constantSlotBytesMax = 64 * 1024 * 1024;

/**
 * Starts an engine. Throws if the addon cannot be loaded, or there are keys and no OpenSSL; RangeError on options out of range.
 *
 * `onError` gets what a completion callback throws; the other callbacks of the same wake-up run all the same. Without it the error is thrown again from a microtask of its
 * own, so that it reaches the process as an uncaught exception.
 */
export function createEngine(options: EngineOptions, onError: (error: unknown) => void = throwLater): Engine {
  const { encryption } = options;
  const keys = encryption && keyBytes(encryption);
  const encrypts = encryption?.encrypts ?? false;
  return new AddonEngine((addon, dispatch) => addon.createEngine(optionWords(options), dispatch, keys, encrypts), onError);
}

/** The engine that another thread of this process made. Throws if it is gone. */
export function attachEngine(number: number, onError: (error: unknown) => void = throwLater): Engine {
  return new AddonEngine((addon, dispatch) => addon.attachEngine(number, dispatch), onError);
}

class AddonEngine implements Engine {
  onChanged: ((handle: number) => void) | undefined;
  readonly number: number;
  readonly result: CompletionRecord;
  readonly xxh32: (bytes: Uint8Array) => number;
  readonly xxh3: (bytes: Uint8Array) => bigint;
  readonly #native: NativeEngine;
  readonly #words: Float64Array;
  readonly #window: readonly CompletionRecord[];
  readonly #requests = new RequestTable();
  readonly #buffers: (Buffer | undefined)[] = [];
  readonly #onError: (error: unknown) => void;

  constructor(bind: (addon: Addon, dispatch: (count: number) => void) => NativeEngine, onError: (error: unknown) => void) {
    const addon = loadAddon();
    this.xxh32 = addon.xxh32;
    this.xxh3 = addon.xxh3;
    this.#onError = onError;
    this.#native = bind(addon, (count) => this.#dispatch(count));
    const { number, words, result, window } = this.#native;
    this.number = number;
    this.#words = new Float64Array(words);
    this.result = new CompletionRecord(result, 0);
    this.#window = Array.from({ length: window.byteLength / completionBytes }, (_, i) => new CompletionRecord(window, i * completionBytes));
  }

  open(directory: string, options: PartitionOptions, done: CompletionCallback): number {
    const request = this.#begin(0);
    this.#writePartitionOptions(options);
    this.#mustQueue(request, this.#native.open(directory), done);
    return this.#words[1] as number;
  }

  configure(handle: number, options: PartitionOptions): number {
    this.#words[1] = handle;
    this.#writePartitionOptions(options);
    return this.#native.configure();
  }

  append(handle: number, append: AppendRequest, done: CompletionCallback): number {
    const request = this.#begin(handle);
    const words = this.#words;
    words[2] = append.generation === 'vsr' ? 1 : 0;
    words[3] = append.slot;
    words[4] = append.start;
    words[5] = append.length;
    words[6] = append.count;
    words[7] = append.userId;
    words[8] = append.headerStart;
    return this.#mayChange(handle, request, this.#native.append(append.bytes), done);
  }

  poll(handle: number, poll: PollRequest, done: CompletionCallback): number {
    const request = this.#begin(handle);
    const words = this.#words;
    words[2] = poll.generation === 'vsr' ? 1 : 0;
    words[3] = poll.strategy;
    words[4] = poll.valueLow;
    words[5] = poll.valueHigh;
    words[6] = poll.count;
    words[7] = poll.headroom;
    words[8] = poll.bytesMax;
    words[9] = poll.consumerKind;
    words[10] = poll.consumerId;
    words[11] = poll.autoCommit ? 1 : 0;
    return this.#mayQueue(request, this.#native.poll(), done);
  }

  storeOffset(handle: number, kind: ConsumerKind, id: number, offset: bigint, done: CompletionCallback): number {
    const request = this.#begin(handle);
    this.#words[2] = kind;
    this.#words[3] = id;
    this.#write64(4, offset);
    return this.#mayChange(handle, request, this.#native.storeOffset(), done);
  }

  loadOffset(handle: number, kind: ConsumerKind, id: number): bigint | undefined {
    this.#words[1] = handle;
    this.#words[2] = kind;
    this.#words[3] = id;
    if (this.#native.loadOffset() !== EngineStatus.ok) return undefined;
    return this.#read64(4);
  }

  deleteOffset(handle: number, kind: ConsumerKind, id: number, done: CompletionCallback): number {
    const request = this.#begin(handle);
    this.#words[2] = kind;
    this.#words[3] = id;
    return this.#mayChange(handle, request, this.#native.deleteOffset(), done);
  }

  readProducers(handle: number, sinceMicros: number, done: CompletionCallback): void {
    const request = this.#begin(handle);
    this.#words[2] = sinceMicros;
    this.#mustQueue(request, this.#native.readProducers(), done);
  }

  flush(handle: number, sync: boolean, done: CompletionCallback): void {
    const request = this.#begin(handle);
    this.#words[2] = sync ? 1 : 0;
    this.#mustQueue(request, this.#native.flush(), done);
  }

  deleteSegments(handle: number, segments: number, lastOffsetMax: bigint, done: CompletionCallback): void {
    const request = this.#begin(handle);
    this.#words[2] = segments;
    this.#write64(3, lastOffsetMax);
    this.#mustQueue(request, this.#native.deleteSegments(), done);
  }

  purge(handle: number, done: CompletionCallback): void {
    const request = this.#begin(handle);
    this.#mustQueue(request, this.#native.purge(), this.#thenChanged(handle, done));
  }

  checkStored(generation: Generation, range: SlotRange, expectedOffset: bigint): StoredRun {
    const words = this.#words;
    words[0] = generation === 'vsr' ? 1 : 0;
    words[1] = range.slot;
    words[2] = range.start;
    words[3] = range.length;
    this.#write64(4, expectedOffset);
    if (this.#native.checkStored() !== EngineStatus.ok) throw new Error('The engine was shut down');
    return {
      bytes: words[0] as number,
      messages: words[1] as number,
      fault: words[2] as number,
      faultBytes: words[3] as number,
      faultOffset: this.#read64(4),
      nextOffset: this.#read64(6),
    };
  }

  restore(handle: number, generation: Generation, range: SlotRange, done: CompletionCallback): void {
    const request = this.#begin(handle);
    const words = this.#words;
    words[2] = generation === 'vsr' ? 1 : 0;
    words[3] = range.slot;
    words[4] = range.start;
    words[5] = range.length;
    this.#mustQueue(request, this.#native.restore(), done);
  }

  close(handle: number, done: CompletionCallback): void {
    const request = this.#begin(handle);
    this.#mustQueue(request, this.#native.close(), this.#thenChanged(handle, done));
  }

  verify(handle: number, place: VerifyPlace, bytesMax: number, done: CompletionCallback): void {
    const request = this.#begin(handle);
    this.#write64(2, BigInt(place.segment));
    this.#words[4] = place.position;
    this.#write64(5, BigInt(place.nextOffset));
    this.#words[7] = bytesMax;
    this.#mustQueue(request, this.#native.verify(), done);
  }

  repair(directory: string, options: PartitionOptions, done: CompletionCallback): void {
    const request = this.#begin(0);
    this.#writePartitionOptions(options);
    this.#mustQueue(request, this.#native.repair(directory), done);
  }

  stats(handle: number): PartitionStats {
    const words = this.#words;
    words[1] = handle;
    if (this.#native.stats() !== EngineStatus.ok) words.fill(0).fill(closedState, 8, 9);
    const figure = (word: number): number => words[word] as number;
    return {
      firstOffset: figure(0),
      nextOffset: figure(1),
      messages: figure(2),
      logicalBytes: figure(3),
      storedBytes: figure(4),
      lastTimestamp: figure(5),
      durableOffset: figure(6),
      segments: figure(7),
      state: partitionStates[figure(8)] ?? 'closed',
      readCalls: figure(9),
      readBytes: figure(10),
      writeCalls: figure(11),
      writeBytes: figure(12),
      syncCalls: figure(13),
      directIo: figure(14) === 1,
      stagingBytes: figure(15),
      fence: figure(16) === 0 ? undefined : { reason: fenceReasonNames[figure(16)] as FenceReason, errno: figure(17) },
    };
  }

  segments(handle: number): SegmentStats[] {
    // One more may be begun between the two calls; it is not missed before the next time.
    const figures = new Float64Array(this.stats(handle).segments * segmentFigures);
    this.#words[1] = handle;
    if (this.#native.segments(figures) !== EngineStatus.ok) return [];
    return Array.from({ length: this.#words[0] as number }, (_, index) => {
      const figure = (at: number): number => figures[index * segmentFigures + at] as number;
      const empty = figure(2) === 0;
      return {
        firstOffset: figure(0),
        lastOffset: empty ? figure(0) - 1 : figure(1),
        logicalBytes: figure(2),
        firstTimestamp: figure(3),
        lastTimestamp: figure(4),
      };
    });
  }

  acquireSlot(bytes: number): number {
    this.#words[0] = bytes;
    return this.#native.acquireSlot() === EngineStatus.ok ? (this.#words[0] as number) : noSlot;
  }

  releaseSlot(slot: number): void {
    this.#words[0] = slot;
    this.#native.releaseSlot();
  }

  passSlot(slot: number): void {
    this.#words[0] = slot;
    this.#native.passSlot();
  }

  takeSlot(slot: number): void {
    this.#words[0] = slot;
    if (this.#native.takeSlot() !== EngineStatus.ok) throw new Error('The engine was shut down');
  }

  slotBuffer(slot: number): Buffer {
    const known = this.#buffers[slot];
    if (known !== undefined && known.length <= constantSlotBytesMax) return known;
    this.#words[0] = slot;
    const memory = this.#native.slotMemory();
    if (known?.buffer === memory) return known;
    const buffer = Buffer.from(memory);
    // Without holes, which would make a slow dictionary of the array.
    while (this.#buffers.length <= slot) this.#buffers.push(undefined);
    this.#buffers[slot] = buffer;
    return buffer;
  }

  bufferStats(): BufferStats {
    const words = this.#words;
    if (this.#native.bufferStats() !== EngineStatus.ok) words.fill(0);
    return { bytesInUse: words[0] as number, bytesResident: words[1] as number, bytesMax: words[2] as number };
  }

  idStats(): IdStats {
    const words = this.#words;
    if (this.#native.idStats() !== EngineStatus.ok) words.fill(0);
    return { bytesInUse: words[0] as number, bytesMax: words[1] as number };
  }

  memoryStats(): MemoryStats {
    const words = this.#words;
    if (this.#native.memoryStats() !== EngineStatus.ok) words.fill(0);
    const [bytesMax = 0, buffers = 0, indexes = 0, ids = 0, consumerOffsets = 0, taken = 0] = words;
    return { bytesMax, buffers, indexes, ids, consumerOffsets, taken };
  }

  takeMemory(bytes: number): boolean {
    this.#words[0] = bytes;
    return this.#native.takeMemory() === EngineStatus.ok;
  }

  giveMemory(bytes: number): void {
    this.#words[0] = bytes;
    this.#native.giveMemory();
  }

  engineStats(): EngineStats {
    const figures = new Float64Array(engineFiguresMax);
    const written = this.#native.engineStats(figures) === EngineStatus.ok ? (this.#words[0] as number) : engineFigures;
    const [queuedAppends = 0, ioTasks = 0, syncTasks = 0, indexCacheBytes = 0, indexCacheSegments = 0, sumMicros = 0] = figures;
    const [fences = 0, checksumErrors = 0] = figures.subarray(6);
    const boundsMicros: number[] = [];
    const counts: number[] = [];
    for (let at = engineFigures; at < written; at += 2) {
      if (at + 2 < written) boundsMicros.push(figures[at] as number);
      counts.push(figures[at + 1] as number);
    }
    return {
      queuedAppends,
      ioTasks,
      syncTasks,
      indexCacheBytes,
      indexCacheSegments,
      fences,
      checksumErrors,
      syncs: { boundsMicros, counts, sumMicros },
    };
  }

  trim(): void {
    this.#native.trim();
  }

  shutdown(): void {
    this.#native.shutdown();
    this.#buffers.length = 0;
  }

  #dispatch(count: number): void {
    for (let i = 0; i < count; i++) {
      const completion = this.#window[i] as CompletionRecord;
      try {
        this.#complete(completion);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  #complete(completion: CompletionRecord): void {
    const done = this.#requests.take(completion.request);
    if (done === undefined) throw new Error(`The engine completed request ${completion.request}, which is not outstanding`);
    done(completion satisfies Completion);
  }

  #report(error: unknown): void {
    try {
      this.#onError(error);
    } catch (second) {
      throwLater(second);
    }
  }

  #begin(handle: number): number {
    const request = this.#requests.next();
    this.#words[0] = request;
    this.#words[1] = handle;
    return request;
  }

  #mayQueue(request: number, status: number, done: CompletionCallback): number {
    if (status === EngineStatus.queued) this.#requests.hold(request, done);
    return status;
  }

  #mayChange(handle: number, request: number, status: number, done: CompletionCallback): number {
    if (status === EngineStatus.queued) this.#requests.hold(request, this.#thenChanged(handle, done));
    else if (status === EngineStatus.ok) this.onChanged?.(handle);
    return status;
  }

  #thenChanged(handle: number, done: CompletionCallback): CompletionCallback {
    return (completion) => {
      const succeeded = completion.status === EngineStatus.ok;
      done(completion);
      if (succeeded) this.onChanged?.(handle);
    };
  }

  #mustQueue(request: number, status: number, done: CompletionCallback): void {
    if (status !== EngineStatus.queued) throw new Error('The engine was shut down');
    this.#requests.hold(request, done);
  }

  #writePartitionOptions(options: PartitionOptions): void {
    const words = this.#words;
    words[2] = options.partitionId;
    this.#write64(3, options.incarnation);
    words[5] = options.create ? 1 : 0;
    words[6] = options.segmentBytes;
    words[7] = durabilityNumbers[options.durability];
    words[8] = durabilityNumbers[options.offsetDurability];
    words[9] = options.idEntriesMax;
    words[10] = options.idExpiryMicros;
    this.#write64(11, options.firstOffset ?? 0n);
    words[13] = options.directIo ? 1 : 0;
  }

  #read64(word: number): bigint {
    return BigInt(this.#words[word] as number) | (BigInt(this.#words[word + 1] as number) << 32n);
  }

  /** A value that is no u64 leaves a high word that the addon refuses. */
  #write64(word: number, value: bigint): void {
    this.#words[word] = Number(value & 0xffff_ffffn);
    this.#words[word + 1] = Number(value >> 32n);
  }
}

function optionWords(options: EngineOptions): Float64Array {
  return Float64Array.of(
    options.ioThreads,
    options.syncThreads,
    options.bufferBytesMax,
    options.inlineAppendBytesMax,
    options.inlinePollBytesMax,
    options.syncIntervalMs,
    options.checkpointIntervalMs,
    options.indexCacheBytesMax,
    options.openFilesMax,
    options.consumerOffsetsMax,
    options.idBytesMax,
    spaceAheadNumbers[options.spaceAhead],
    options.memoryBytesMax,
  );
}

function keyBytes({ keys }: EngineEncryption): Uint8Array {
  return Buffer.concat(
    keys.map(({ id, key }) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(id);
      return Buffer.concat([bytes, key]);
    }),
  );
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
