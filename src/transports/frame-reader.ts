// Cuts a connection's bytes into frames of either generation.
//
// A frame that arrives whole is handed on where it lies, in the transport's shared receive buffer. A larger one gets memory of its own, and the transport reads the
// rest of it straight into that memory (`nextBuffer`): up to 64 KiB on the heap, above that a pooled slot, which grows as bytes arrive, so that an announced
// length alone costs nothing. A frame that is refused from its header is read past.
//
// When the sink is busy the bytes that are left are kept (at most one receive buffer's worth) and the transport pauses until `resume`.

import type { Generation } from '../protocol/command.ts';
import { detectGeneration } from '../protocol/frame/generation.ts';
import { noSlot } from '../storage/engine.ts';
import type { MemoryWaiter, ReceiveBuffers } from './receive-buffers.ts';

const classicHeadBytes = 8;
const vsrHeadBytes = 256;
const heapFrameBytesMax = 64 * 1024;
const firstSlotBytesMax = 4 * 1024 * 1024;

/** A complete request frame. The object is reused; `bytes` is valid during the call only, unless a slot holds it. */
export interface Frame {
  generation: Generation;
  bytes: Buffer;
  /** Slot that holds the bytes, to be released by the sink; `noSlot`: borrowed memory. */
  slot: number;
  /** First byte of the header. */
  start: number;
  /** First byte of the body (classic: after the code). */
  bodyStart: number;
  end: number;
}

/** What becomes of a frame, judged by its header: read it; read past it and answer with a status; close the connection, after a status unless it is 0. */
export type Admission = { kind: 'take' } | { kind: 'skip'; status: number } | { kind: 'close'; status: number };

export interface FrameSink extends MemoryWaiter {
  /** False while no further frame may be handed on. */
  ready(): boolean;
  /** `totalBytes` is the length of the whole frame; `head` starts at `at`. */
  admit(generation: Generation, head: Buffer, at: number, totalBytes: number): Admission;
  frame(frame: Frame): void;
  /** A frame was read past; `head` holds its header. */
  skipped(generation: Generation, head: Buffer, at: number, status: number): void;
  /** The bytes are not a frame, or the frame is refused: the connection must end. */
  refuse(reason: string, generation: Generation | undefined, status: number): void;
}

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #buffers: ReceiveBuffers;
  readonly #frame: Frame;
  #generation: Generation | undefined;
  #closed = false;

  /** Header bytes that arrived in pieces. */
  #head: Buffer | undefined;
  #headHave = 0;

  /** The frame being received into memory of its own. */
  #target: Buffer | undefined;
  #slot = noSlot;
  #have = 0;
  #total = 0;

  #skipLeft = 0;
  #skipStatus = 0;

  /** Bytes that arrived while the sink was busy or memory was short. */
  #kept: Buffer | undefined;
  #waitingForMemory = false;

  /** `generation`: if it is known already. */
  constructor(sink: FrameSink, buffers: ReceiveBuffers, generation?: Generation) {
    this.#sink = sink;
    this.#generation = generation;
    this.#buffers = buffers;
    this.#frame = { generation: 'classic', bytes: buffers.shared, slot: noSlot, start: 0, bodyStart: 0, end: 0 };
  }

  get generation(): Generation | undefined {
    return this.#generation;
  }

  /** True while the transport must not read. */
  get paused(): boolean {
    return this.#kept !== undefined || this.#waitingForMemory || !this.#sink.ready();
  }

  /** True within a frame: the peer owes bytes. */
  get midFrame(): boolean {
    return this.#headHave > 0 || this.#target !== undefined || this.#skipLeft > 0;
  }

  /** True if it holds no bytes: the next one begins a frame. */
  get idle(): boolean {
    return !this.midFrame && this.#kept === undefined && !this.#waitingForMemory;
  }

  /** True if what it holds, if anything, begins with a frame. */
  get atFrame(): boolean {
    return !this.midFrame && !this.#waitingForMemory;
  }

  /** What it holds of frames that nobody has seen; to be called while `atFrame`. */
  get kept(): Buffer | undefined {
    return this.#kept;
  }

  /** Memory that the transport reads into next. */
  nextBuffer(): Buffer {
    const target = this.#target;
    if (target === undefined || this.#slot === noSlot || this.paused) return this.#buffers.shared;
    return target.subarray(this.#have, Math.min(this.#total, target.length));
  }

  /** `length` bytes arrived at the start of `bytes`, which may be what `nextBuffer` gave. */
  received(bytes: Buffer, length: number): void {
    if (this.#closed) return;
    const target = this.#target;
    if (target !== undefined && bytes.buffer === target.buffer && bytes.byteOffset === target.byteOffset + this.#have) {
      this.#have += length;
      this.#advanceTarget();
      return;
    }
    if (this.paused) this.#keep(bytes, 0, length);
    else this.#consume(bytes, 0, length);
  }

  /** Goes on after the sink became ready or memory came free. */
  resume(): void {
    if (this.#closed || !this.#sink.ready()) return;
    if (this.#waitingForMemory) {
      this.#waitingForMemory = false;
      if (!this.#ensureTarget()) return;
    }
    if (this.#target !== undefined && this.#have === this.#total) this.#complete();
    const kept = this.#kept;
    if (kept === undefined || this.#waitingForMemory || this.#closed || !this.#sink.ready()) return;
    this.#kept = undefined;
    this.#consume(kept, 0, kept.length);
  }

  /** Lets go of all memory; later bytes are ignored. */
  close(): void {
    this.#closed = true;
    this.#releaseTarget();
    this.#buffers.forget(this.#sink);
    this.#kept = undefined;
    this.#head = undefined;
  }

  #consume(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && !this.#closed) {
      if (this.#waitingForMemory || !this.#sink.ready()) {
        this.#keep(bytes, at, to);
        return;
      }
      if (this.#skipLeft > 0) {
        const length = Math.min(this.#skipLeft, to - at);
        this.#skipLeft -= length;
        at += length;
        if (this.#skipLeft === 0) this.#finishSkip();
      } else if (this.#target !== undefined) {
        const length = Math.min(this.#total - this.#have, this.#target.length - this.#have, to - at);
        bytes.copy(this.#target, this.#have, at, at + length);
        this.#have += length;
        at += length;
        this.#advanceTarget();
      } else {
        at = this.#consumeHead(bytes, at, to);
      }
    }
  }

  /** Takes a header, and the frame with it if it lies complete in `bytes`. Returns where it stopped. */
  #consumeHead(bytes: Buffer, at: number, to: number): number {
    const headBytes = this.#headBytes(bytes, at, to);
    if (this.#headHave > 0 || to - at < headBytes) return this.#gatherHead(bytes, at, to);
    const total = this.#admit(bytes, at, headBytes);
    if (total === 0) return at + headBytes;
    if (at + total > to) {
      this.#begin(bytes, at, headBytes, total);
      return at + headBytes;
    }
    this.#deliver(bytes, noSlot, at, at + total);
    return at + total;
  }

  /** Takes a header that arrives in pieces. */
  #gatherHead(bytes: Buffer, at: number, to: number): number {
    this.#head ??= Buffer.allocUnsafe(vsrHeadBytes);
    const head = this.#head;
    let next = at;
    while (next < to) {
      const length = Math.min(this.#headBytes(head, 0, this.#headHave) - this.#headHave, to - next);
      bytes.copy(head, this.#headHave, next, next + length);
      this.#headHave += length;
      next += length;
      const headBytes = this.#headBytes(head, 0, this.#headHave);
      if (this.#headHave < headBytes) continue;
      this.#headHave = 0;
      const total = this.#admit(head, 0, headBytes);
      if (total > 0) this.#begin(head, 0, headBytes, total);
      return next;
    }
    return next;
  }

  /** Header length, as far as it can be told from the bytes that are there. */
  #headBytes(bytes: Buffer, at: number, to: number): number {
    if (this.#generation !== undefined) return this.#generation === 'classic' ? classicHeadBytes : vsrHeadBytes;
    return to - at >= 4 && bytes.readUInt32LE(at) === 0 ? vsrHeadBytes : classicHeadBytes;
  }

  /** Judges a complete header. Returns the frame's length if it is to be read, else 0. */
  #admit(head: Buffer, at: number, headBytes: number): number {
    if (this.#generation === undefined) {
      const detected = detectGeneration(head, at, at + headBytes);
      if (detected !== 'classic' && detected !== 'vsr') {
        this.#refuse('the first bytes are of no known protocol', 0);
        return 0;
      }
      this.#generation = detected;
    }
    const total = this.#generation === 'classic' ? 4 + head.readUInt32LE(at) : head.readUInt32LE(at + 48);
    const admission = this.#sink.admit(this.#generation, head, at, total);
    if (admission.kind === 'take') return total;
    if (admission.kind === 'close') {
      this.#refuse('frame refused by its header', admission.status);
      return 0;
    }
    this.#keepHead(head, at, headBytes);
    this.#skipStatus = admission.status;
    this.#skipLeft = Math.max(0, total - headBytes);
    if (this.#skipLeft === 0) this.#finishSkip();
    return 0;
  }

  #begin(head: Buffer, at: number, headBytes: number, total: number): void {
    this.#total = total;
    this.#have = headBytes;
    if (total > heapFrameBytesMax) {
      this.#keepHead(head, at, headBytes);
      this.#ensureTarget();
      return;
    }
    this.#target = Buffer.allocUnsafe(total);
    head.copy(this.#target, 0, at, at + headBytes);
    if (this.#have === total) this.#complete();
  }

  #keepHead(head: Buffer, at: number, headBytes: number): void {
    this.#head ??= Buffer.allocUnsafe(vsrHeadBytes);
    if (head !== this.#head) head.copy(this.#head, 0, at, at + headBytes);
  }

  /** Makes room for more of a large frame. False: no memory now, `resume` will be called when some came free. */
  #ensureTarget(): boolean {
    const old = this.#target;
    if (old !== undefined && (this.#have < old.length || this.#have === this.#total)) return true;
    const slot = this.#buffers.acquire(Math.min(this.#total, old === undefined ? firstSlotBytesMax : old.length * 4), this.#sink);
    if (slot === noSlot) {
      this.#waitingForMemory = true;
      return false;
    }
    const target = this.#buffers.bytes(slot);
    (old ?? this.#head)?.copy(target, 0, 0, this.#have);
    if (this.#slot !== noSlot) this.#buffers.release(this.#slot);
    this.#slot = slot;
    this.#target = target;
    return true;
  }

  #advanceTarget(): void {
    if (this.#have < this.#total) this.#ensureTarget();
    else if (this.#sink.ready()) this.#complete();
  }

  /** Hands on the frame that was received into memory of its own. */
  #complete(): void {
    const target = this.#target as Buffer;
    const slot = this.#slot;
    this.#target = undefined;
    this.#slot = noSlot;
    if (slot !== noSlot) this.#buffers.handOver(slot);
    this.#deliver(target, slot, 0, this.#total);
  }

  #deliver(bytes: Buffer, slot: number, start: number, end: number): void {
    const frame = this.#frame;
    const generation = this.#generation as Generation;
    frame.generation = generation;
    frame.bytes = bytes;
    frame.slot = slot;
    frame.start = start;
    frame.bodyStart = start + (generation === 'classic' ? classicHeadBytes : vsrHeadBytes);
    frame.end = end;
    this.#sink.frame(frame);
  }

  #finishSkip(): void {
    this.#sink.skipped(this.#generation as Generation, this.#head as Buffer, 0, this.#skipStatus);
  }

  #refuse(reason: string, status: number): void {
    this.close();
    this.#sink.refuse(reason, this.#generation, status);
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const rest = Buffer.from(bytes.subarray(from, to));
    this.#kept = this.#kept === undefined ? rest : Buffer.concat([this.#kept, rest]);
  }

  #releaseTarget(): void {
    if (this.#slot !== noSlot) this.#buffers.release(this.#slot);
    this.#slot = noSlot;
    this.#target = undefined;
  }
}
