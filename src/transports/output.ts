// Replies on their way out. Small ones of one event-loop turn are joined in one buffer and leave with one write; large ones leave from the pooled slot that they were
// read into, which is released when the socket has taken it. Where a write is a message of its own each reply gets one.

import type { TransportTraffic } from '../observability/transport-traffic.ts';

const joinedBytes = 16 * 1024;

/** Where requests write their replies. */
export interface ReplyOutput {
  /** The buffer that `reserve` gives room in; read it after `reserve`. */
  readonly buffer: Buffer;
  /** Room for `length` bytes; returns their position in `buffer`. The caller writes all of them at once. */
  reserve(length: number): number;
  /** Sends bytes that lie elsewhere, after what was reserved before. `sent` is called once they are no longer needed, also when the connection fails. */
  send(bytes: Buffer, sent: () => void): void;
}

/** The writing half of a transport. */
export interface ByteSink {
  /** Queues bytes; `sent` is called once they are no longer needed, also when the connection fails. */
  write(bytes: Buffer, sent: (() => void) | undefined): void;
  /** Bytes queued in the process that the kernel has not taken. */
  readonly unsentBytes: number;
  /** The peer sees where a write ends, so that a write is to be one reply. */
  readonly writesAreMessages: boolean;
}

/** Flushes the outputs that were written to in a turn, once, at its end. */
export class FlushScheduler {
  #outputs: Output[] = [];
  #scheduled = false;

  add(output: Output): void {
    this.#outputs.push(output);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const outputs = this.#outputs;
      this.#outputs = [];
      for (const output of outputs) output.flush();
    });
  }
}

export class Output implements ReplyOutput {
  readonly #sink: ByteSink;
  readonly #scheduler: FlushScheduler;
  readonly #traffic: TransportTraffic;
  readonly #oneReplyAWrite: boolean;
  #joined = Buffer.allocUnsafe(joinedBytes);
  #from = 0;
  #to = 0;
  #scheduled = false;
  #closed = false;

  constructor(sink: ByteSink, scheduler: FlushScheduler, traffic: TransportTraffic) {
    this.#sink = sink;
    this.#scheduler = scheduler;
    this.#traffic = traffic;
    this.#oneReplyAWrite = sink.writesAreMessages;
  }

  get buffer(): Buffer {
    return this.#joined;
  }

  /** Bytes that the peer has not taken. */
  get unsentBytes(): number {
    return this.#to - this.#from + this.#sink.unsentBytes;
  }

  /** The bytes leave with the others of this turn. */
  reserve(length: number): number {
    if (this.#oneReplyAWrite) this.#write();
    if (this.#to + length > this.#joined.length) {
      this.#write();
      if (length > this.#joined.length - this.#to) {
        this.#joined = Buffer.allocUnsafe(Math.max(length, joinedBytes));
        this.#from = 0;
        this.#to = 0;
      }
    }
    const at = this.#to;
    this.#to += length;
    this.#schedule();
    return at;
  }

  send(bytes: Buffer, sent: () => void): void {
    if (this.#closed) {
      sent();
      return;
    }
    this.#write();
    this.#traffic.bytesOut += bytes.length;
    this.#sink.write(bytes, sent);
  }

  flush(): void {
    this.#scheduled = false;
    this.#write();
  }

  /** Drops what was not flushed; later replies are ignored. */
  close(): void {
    this.#closed = true;
  }

  #write(): void {
    if (this.#from === this.#to || this.#closed) return;
    this.#traffic.bytesOut += this.#to - this.#from;
    this.#sink.write(this.#joined.subarray(this.#from, this.#to), undefined);
    if (this.#sink.unsentBytes === 0) {
      this.#from = 0;
      this.#to = 0;
    } else {
      this.#from = this.#to;
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#scheduler.add(this);
  }
}
