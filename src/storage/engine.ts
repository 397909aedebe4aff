// The face of the native engine: partition logs, consumer offsets, pooled buffers.
//
// Calls cross into C++ once per batch or poll, with numbers only. A result is a 64-byte completion record: of a call that ran inline it is read from `Completion`
// right away; of a queued one it arrives through the completion ring, all records of a commit group with one wake-up. Offsets and time stamps are unsigned 64-bit;
// they are read as numbers (exact up to 2^53) or copied as two 32-bit words straight into a reply.

import type { Generation } from '../protocol/command.ts';
import type { fenceReasonNames } from '../protocol/commands/check-partition.ts';
import type { EngineEncryption } from './encryption-keys.ts';

/** Status numbers below zero are facts of the engine that no wire number names (native/engine/status.h). */
export const EngineStatus = {
  ok: 0,
  queued: -1,
  fenced: -10,
  closed: -11,
  outOfMemory: -12,
  ioError: -13,
  tooManyOffsets: -14,
} as const;

export type Durability = 'none' | 'interval' | 'group';

/** Space behind the end of a log: none, reserved without a change of size, or filled with zeros. */
export type SpaceAhead = 'none' | 'reserve' | 'prewrite';

export type ConsumerKind = 1 | 2; // consumer, consumer group
export type PollStrategyKind = 1 | 2 | 3 | 4 | 5; // offset, timestamp, first, last, next

export interface EngineOptions {
  ioThreads: number;
  syncThreads: number;
  bufferBytesMax: number;
  inlineAppendBytesMax: number;
  inlinePollBytesMax: number;
  syncIntervalMs: number;
  checkpointIntervalMs: number;
  indexCacheBytesMax: number;
  openFilesMax: number;
  consumerOffsetsMax: number;
  /** Memory for the ids of deduplication, of all partitions. */
  idBytesMax: number;
  /** All memory that is counted, see MemoryStats. */
  memoryBytesMax: number;
  /** Of logs that are synced before the acknowledgement, or written directly. */
  spaceAhead: SpaceAhead;
  /** Undefined: nothing is encrypted, and nothing that was can be read. */
  encryption?: EngineEncryption;
}

export interface PartitionOptions {
  partitionId: number;
  /** Random 64-bit identity given at creation and kept in the metadata store. */
  incarnation: bigint;
  /** True only for the first open after the metadata row was committed; otherwise a missing folder is fenced, never recreated. */
  create: boolean;
  segmentBytes: number;
  durability: Durability;
  offsetDurability: Durability;
  /** Ids that are remembered so that messages that come again are dropped; 0: none are. Fixed while open, as is the next. */
  idEntriesMax: number;
  /** For how long; 0: until newer ones take their place. */
  idExpiryMicros: number;
  /** Where the log of a folder that `create` makes begins; 0 if not given. */
  firstOffset?: bigint;
  /** Appends go past the page cache. */
  directIo: boolean;
}

/** One result. The object is reused: copy what you keep before the callback returns, or, of `Engine.result`, before the next append or poll. */
export interface Completion {
  readonly status: number;
  /** Buffer slot of a poll's messages, or `noSlot`. */
  readonly slot: number;
  readonly start: number;
  readonly length: number;
  /** Of an append: messages that were stored, fewer than sent where ids were known. */
  readonly count: number;
  /** errno of an I/O error. */
  readonly detail: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly currentOffset: number;
  /** µs since 1970. */
  readonly timestamp: number;
  /** The record as u32 words, little-endian pairs for 64-bit fields: 8 first offset, 10 last offset, 12 current offset, 14 time stamp. */
  readonly words: Uint32Array;
}

/** Microtasks wait until every callback of the same wake-up has run. */
export type CompletionCallback = (completion: Completion) => void;

export const noSlot = 0xffff_ffff;

export interface AppendRequest {
  generation: Generation;
  /** Slot that holds the bytes, or `noSlot`: then `bytes` is borrowed and copied by the engine where it must outlive the call. */
  slot: number;
  /** A view of the slot if there is one. A VSR batch may be stamped where it lies. */
  bytes: Uint8Array;
  /** First byte of the index block (classic) or of the batch record (vsr), within `bytes`. */
  start: number;
  length: number;
  count: number;
  userId: number;
  /** Where in `bytes` the 256-byte VSR request header starts (client id at 128, request number at 168), or -1. */
  headerStart: number;
}

export interface PollRequest {
  generation: Generation;
  strategy: PollStrategyKind;
  /** Offset or µs, as low and high 32-bit words. */
  valueLow: number;
  valueHigh: number;
  count: number;
  /** Bytes kept free before the messages in the result's buffer. */
  headroom: number;
  bytesMax: number;
  consumerKind: ConsumerKind;
  consumerId: number;
  autoCommit: boolean;
}

/** Part of a buffer slot. */
export interface SlotRange {
  slot: number;
  start: number;
  length: number;
}

/** Why a run of stored messages ends (native/engine/stored_log.h). */
export const StoredFault = { none: 0, incomplete: 1, layout: 2, checksum: 3, offset: 4 } as const;

/** The sound messages in front of a range. */
export interface StoredRun {
  bytes: number;
  messages: number;
  /** After the run. */
  nextOffset: bigint;
  /** A member of `StoredFault`. */
  fault: number;
  /** `incomplete`: bytes needed from the end of the run on; `checksum`, `offset`: length of the message that ends it. */
  faultBytes: number;
  /** `offset`: that of the message that ends it. */
  faultOffset: bigint;
}

/** Why a partition takes no messages (native/engine/engine.h). */
export type FenceReason = Exclude<(typeof fenceReasonNames)[number], 'none'>;

export interface Fence {
  reason: FenceReason;
  /** Of the call that failed; 0: none did. */
  errno: number;
}

/** Between two records of a partition's logs. */
export interface VerifyPlace {
  /** First offset of the segment. */
  segment: number;
  position: number;
  nextOffset: number;
}

export const verifyStart: VerifyPlace = { segment: 0, position: 0, nextOffset: 0 };

export interface PartitionStats {
  firstOffset: number;
  nextOffset: number;
  messages: number;
  logicalBytes: number;
  storedBytes: number;
  lastTimestamp: number;
  durableOffset: number;
  segments: number;
  state: 'opening' | 'ready' | 'fenced' | 'closed';
  readCalls: number;
  readBytes: number;
  writeCalls: number;
  writeBytes: number;
  syncCalls: number;
  /** The active segment is written past the page cache. */
  directIo: boolean;
  /** Of the buffers' memory: what keeps the ends of logs that are written so. */
  stagingBytes: number;
  /** Undefined unless fenced. */
  fence: Fence | undefined;
}

/** One segment of a partition. */
export interface SegmentStats {
  firstOffset: number;
  /** Below `firstOffset` if the segment is empty. */
  lastOffset: number;
  /** 64 + payload + user headers a message. */
  logicalBytes: number;
  /** Server time of the first and the last message, µs since 1970; 0 if the segment is empty. */
  firstTimestamp: number;
  lastTimestamp: number;
}

/**
 * What `readProducers` fills a slot with, so many bytes for each record of the log: client id u128, request number u64, offset of the first message u64, user id u32, zero u32,
 * little-endian.
 */
export const producerRecordBytes = 40;

export interface IdStats {
  bytesInUse: number;
  bytesMax: number;
}

/** What the memory budget is used for, bytes. */
export interface MemoryStats {
  bytesMax: number;
  /** In use, or idle and kept. */
  buffers: number;
  /** Of segments, open and closed ones. */
  indexes: number;
  /** Of deduplication. */
  ids: number;
  consumerOffsets: number;
  /** What `takeMemory` took. */
  taken: number;
}

export interface BufferStats {
  bytesInUse: number;
  bytesResident: number;
  bytesMax: number;
}

/** Of the engine as a whole. */
export interface EngineStats {
  /** Batches that were taken and are not yet in a commit group. */
  queuedAppends: number;
  /** Tasks that no thread has taken up yet. */
  ioTasks: number;
  syncTasks: number;
  /** Sealed segments whose index and descriptor are in memory. */
  indexCacheBytes: number;
  indexCacheSegments: number;
  /** Partitions that were fenced, when they were opened or later. */
  fences: number;
  /** Polls that met bytes that do not verify. */
  checksumErrors: number;
  /** How long syncs took, failed ones too. `counts` has one entry for each bound and one for the rest, none of them cumulative. */
  syncs: { boundsMicros: number[]; counts: number[]; sumMicros: number };
}

export interface Engine {
  /** Unique in the process: by it other threads attach themselves. */
  readonly number: number;
  /**
   * Told of each partition whose messages or stored offsets have changed, and of each that was closed: after the call has succeeded, and after its callback. What it does must
   * not take long. Polls that store offsets are not among it.
   */
  onChanged: ((handle: number) => void) | undefined;

  /**
   * Opens and recovers a partition. The handle is valid at once; requests wait until it is ready. `done` gets ok, fenced or an error. With ok, `detail` is the errno for which
   * appends go through the page cache although `directIo` is asked for, else 0.
   */
  open(directory: string, options: PartitionOptions, done: CompletionCallback): number;
  /** Changes segment size and durability of an open partition, and `directIo` from its next segment on. */
  configure(handle: number, options: PartitionOptions): number;

  /**
   * Appends a batch. Returns `ok` when it ran inline (read `result` at once), `queued` when `done` will be called, else an error status: nothing happened then.
   * A slot that is handed over stays in the engine's use until the result is there; releasing it afterwards is the caller's.
   */
  append(handle: number, request: AppendRequest, done: CompletionCallback): number;
  /** Polls. As append; the caller releases the slot of the result once the bytes are on their way. */
  poll(handle: number, request: PollRequest, done: CompletionCallback): number;
  /** Result of the last call that returned `ok`. */
  readonly result: Completion;

  storeOffset(handle: number, kind: ConsumerKind, id: number, offset: bigint, done: CompletionCallback): number;
  /** Undefined when nothing is stored. */
  loadOffset(handle: number, kind: ConsumerKind, id: number): bigint | undefined;
  deleteOffset(handle: number, kind: ConsumerKind, id: number, done: CompletionCallback): number;

  /**
   * The newest records of VSR producers that are not older than `sinceMicros`, oldest first: `count` of them from the start of the result's slot, which the caller releases.
   * None: no slot. `detail` 1: the log may hold more, but no more was read.
   */
  readProducers(handle: number, sinceMicros: number, done: CompletionCallback): void;
  flush(handle: number, sync: boolean, done: CompletionCallback): void;
  /**
   * Removes up to `segments` of the oldest sealed segments that end at or below `lastOffsetMax` and at or below every stored consumer offset.
   * `count` of the completion says how many.
   */
  deleteSegments(handle: number, segments: number, lastOffsetMax: bigint, done: CompletionCallback): void;
  purge(handle: number, done: CompletionCallback): void;
  /**
   * Walks messages as Iggy keeps them in its log files (0.8: messages, 0.9: batch records) for as long as they are whole, verify and have consecutive offsets from
   * `expectedOffset` on.
   */
  checkStored(generation: Generation, range: SlotRange, expectedOffset: bigint): StoredRun;
  /**
   * Writes messages that went through `checkStored` with the offsets and time stamps that they bring, to a partition that nobody appends to meanwhile. Offsets go on at or
   * above the partition's end; a gap is kept. The slot is the engine's until `done`. Of the completion: `count` messages; `start` of them got the time stamp of the message
   * before, since theirs was lower.
   */
  restore(handle: number, generation: Generation, range: SlotRange, done: CompletionCallback): void;
  close(handle: number, done: CompletionCallback): void;
  /** Verifies a piece of what is durable of the logs; `verifiedPiece` (verified-piece.ts) reads the completion. */
  verify(handle: number, place: VerifyPlace, bytesMax: number, done: CompletionCallback): void;
  /**
   * Gives up what is damaged of a partition that is not open, and keeps the rest. Of the completion: at least `lastOffset` messages were given up, in `count` stretches, the first
   * of them at `firstOffset`; `fenced`: there is nothing to go by, nothing was changed.
   */
  repair(directory: string, options: PartitionOptions, done: CompletionCallback): void;
  stats(handle: number): PartitionStats;
  /** From the oldest on; the last one is written to. None of a partition that is closed. */
  segments(handle: number): SegmentStats[];

  /** A slot of at least `bytes`, or `noSlot` when the budget is spent. */
  acquireSlot(bytes: number): number;
  releaseSlot(slot: number): void;
  /** Gives up a slot that another thread is to have, which takes it by its number, once. */
  passSlot(slot: number): void;
  takeSlot(slot: number): void;
  /**
   * The memory of a slot that the caller holds or has handed over: the same Buffer until shutdown, except that a slot above 64 MiB may get a larger one when it is acquired
   * again. Its ArrayBuffer must not be transferred.
   */
  slotBuffer(slot: number): Buffer;
  bufferStats(): BufferStats;
  idStats(): IdStats;
  memoryStats(): MemoryStats;
  /** Counts memory of the caller's in the budget. False: there is no room for it. */
  takeMemory(bytes: number): boolean;
  giveMemory(bytes: number): void;
  engineStats(): EngineStats;
  /** Gives idle buffers back to the kernel. */
  trim(): void;

  xxh32(bytes: Uint8Array): number;
  /** XXH3-64, seed 0. */
  xxh3(bytes: Uint8Array): bigint;

  /**
   * Lets go of the engine and empties every slot's Buffer; the last thread that does so ends it. Every handle must have been closed: throws while a request is outstanding. Afterwards appends and polls answer `closed`.
   * An idle engine does not keep the process alive, with or without this.
   */
  shutdown(): void;
}
