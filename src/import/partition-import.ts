// One partition: its log files one after another, in parts that never take more than two buffers, then the offsets that consumers have stored.

import { randomBytes } from 'node:crypto';
import type { Generation } from '../protocol/command.ts';
import { ConsumerKind } from '../protocol/primitives/consumer.ts';
import { type Completion, type Engine, EngineStatus } from '../storage/engine.ts';
import { BufferPair, type LogPart, type LogReader } from './log-reader.ts';
import { ImportError } from './source/import-error.ts';
import { listSegments, readStoredOffsets, type SegmentFile } from './source/partition-source.ts';
import type { Report } from './source/report.ts';
import { SourceFile } from './source/source-file.ts';

/** Where a partition goes. Undefined for a dry run. */
export interface PartitionDestination {
  directory: string;
  partitionId: number;
  segmentBytes: number;
}

export interface PartitionImportOptions {
  /** Of the source. */
  folder: string;
  destination: PartitionDestination | undefined;
  engine: Engine;
  generation: Generation;
  openLog: (file: SourceFile, buffers: BufferPair) => LogReader;
  /** Whether a stored offset of this group is of use. */
  hasGroup: (id: number) => boolean;
  report: Report;
  /** Called with log bytes as they are dealt with. */
  onBytes: (bytes: number) => void;
}

/** Beyond it the server's numbers are not exact. */
const offsetMax = BigInt(Number.MAX_SAFE_INTEGER);

type Fault = Extract<LogPart, { kind: 'fault' }>;

/** Resolves to the incarnation of what was made; undefined if nothing was to be. Throws ImportError. */
export async function importPartition(options: PartitionImportOptions): Promise<bigint | undefined> {
  const partition = new PartitionImport(options);
  try {
    return await partition.run();
  } finally {
    await partition.release();
  }
}

class PartitionImport {
  readonly #options: PartitionImportOptions;
  readonly #buffers: BufferPair;
  readonly #incarnation = randomBytes(8).readBigUInt64LE();
  #handle: number | undefined;
  #messages = 0;
  /** Messages that could not keep their time stamp. */
  #raised = 0;
  #nextOffset = 0n;

  constructor(options: PartitionImportOptions) {
    this.#options = options;
    this.#buffers = new BufferPair(options.engine);
  }

  async run(): Promise<bigint | undefined> {
    const { folder, report, destination } = this.#options;
    const segments = await listSegments(folder);
    if (segments === undefined) report.damage({ file: folder, position: 0, reason: 'the folder of a partition is missing' });
    this.#nextOffset = segments?.at(-1)?.startOffset ?? 0n;
    const [first] = segments ?? [];
    if (first !== undefined && first.sizeBytes > 0) this.#nextOffset = first.startOffset;
    for (const segment of segments ?? []) await this.#importSegment(segment);
    await this.#buffers.settled();
    if (this.#raised > 0) {
      report.cannotCarry(`${folder}: ${this.#raised} messages got the time stamp of an earlier one, as theirs was lower`);
    }
    await this.#open();
    await this.#importOffsets('consumers');
    await this.#importOffsets('groups');
    report.counts.partitions++;
    if (destination === undefined) return undefined;
    await this.#close();
    return this.#incarnation;
  }

  async release(): Promise<void> {
    await this.#buffers.release();
    if (this.#handle !== undefined) await this.#close().catch(() => undefined);
  }

  async #importSegment(segment: SegmentFile): Promise<void> {
    const file = await SourceFile.open(segment.path);
    if (file === undefined) throw new ImportError(`${segment.path} has gone: is a server using the folder?`);
    try {
      const log = this.#options.openLog(file, this.#buffers);
      let counted = 0;
      for (let goesOn = true; goesOn; ) {
        const part = await log.next(this.#nextOffset);
        if (part.kind === 'run') await this.#restore(part);
        goesOn = part.kind === 'run' || (part.kind === 'fault' && this.#handleFault(file, log, part));
        this.#options.onBytes(log.position - counted);
        counted = log.position;
      }
      this.#options.onBytes(file.size - counted);
      this.#options.report.counts.segments++;
      this.#options.report.counts.logBytes += file.size;
      // What the buffers hold of this file is on its way before they are used for the next one.
      await this.#buffers.settled();
    } finally {
      await this.#buffers.settled().catch(() => undefined);
      await file.close();
    }
  }

  /** True: reading goes on in this file. */
  #handleFault(file: SourceFile, log: LogReader, fault: Fault): boolean {
    const { report } = this.#options;
    const damage = (reason: string) => report.damage({ file: file.path, position: fault.position, reason });
    switch (fault.fault) {
      case 'offset':
        if (fault.offset > offsetMax) {
          damage(`the message has offset ${fault.offset}, which is too large`);
          log.skip(fault.bytes);
        } else if (fault.offset > this.#nextOffset || this.#messages === 0) {
          if (this.#messages > 0) report.note(`${this.#options.folder}: there are no messages ${this.#nextOffset} to ${fault.offset - 1n}`);
          this.#nextOffset = fault.offset;
        } else {
          damage(`offset ${fault.offset} was given before; the next one is ${this.#nextOffset}`);
          log.skip(fault.bytes);
        }
        return true;
      case 'checksum':
      case 'key':
        damage(fault.fault === 'key' ? 'the message is not encrypted with this key' : 'the message does not verify');
        // Its length may be wrong too. If it is, nothing sound follows, and the rest of the file is given up there.
        log.skip(fault.bytes);
        return true;
      case 'torn':
        damage(`the last message is cut off; ${file.size - fault.position} bytes are not read`);
        return false;
      case 'layout':
        damage(`there is no message; ${file.size - fault.position} bytes are not read`);
        return false;
    }
  }

  async #restore(run: Extract<LogPart, { kind: 'run' }>): Promise<void> {
    await this.#open();
    this.#messages += run.messages;
    this.#options.report.counts.messages += run.messages;
    this.#nextOffset = run.nextOffset;
    const { engine, generation, folder } = this.#options;
    const handle = this.#handle;
    if (handle === undefined) return;
    const restored = completed((done) => engine.restore(handle, generation, run.range, done), `${folder}: messages cannot be written`);
    run.buffer.lend(
      restored.then(({ start }) => {
        this.#raised += start;
      }),
    );
  }

  /** Once it is known where the log begins. */
  async #open(): Promise<void> {
    const { destination, engine } = this.#options;
    if (destination === undefined || this.#handle !== undefined) return;
    const { directory, partitionId, segmentBytes } = destination;
    const options = {
      partitionId,
      segmentBytes,
      directIo: false,
      incarnation: this.#incarnation,
      create: true,
      durability: 'none',
      offsetDurability: 'none',
      idEntriesMax: 0,
      idExpiryMicros: 0,
      firstOffset: this.#nextOffset,
    } as const;
    await completed((done) => {
      this.#handle = engine.open(directory, options, done);
    }, `${directory} cannot be made`);
  }

  async #importOffsets(kind: 'consumers' | 'groups'): Promise<void> {
    const { folder, engine, report, hasGroup } = this.#options;
    const consumerKind = kind === 'groups' ? ConsumerKind.group : ConsumerKind.consumer;
    let unused = 0;
    for (const { id, offset } of await readStoredOffsets(folder, kind, engine.xxh3, report)) {
      if (this.#messages === 0 || (kind === 'groups' && !hasGroup(id))) {
        unused++;
        continue;
      }
      const last = this.#nextOffset - 1n;
      const clamped = offset > last ? last : offset;
      if (this.#handle !== undefined) {
        const status = engine.storeOffset(this.#handle, consumerKind, id, clamped, () => undefined);
        if (status !== EngineStatus.ok) throw new ImportError(`${folder}: an offset cannot be stored (status ${status})`);
      }
      report.counts.consumerOffsets++;
    }
    if (unused > 0) report.note(`${folder}: ${unused} stored offsets of ${kind} belong to nothing any more`);
  }

  async #close(): Promise<void> {
    const handle = this.#handle as number;
    this.#handle = undefined;
    await completed((done) => this.#options.engine.close(handle, done), `${this.#options.folder}: the copy cannot be closed`);
  }
}

/** Waits for a call of the engine that completes through its callback. Throws ImportError if it fails. */
function completed(call: (done: (completion: Completion) => void) => void, failure: string): Promise<{ start: number }> {
  return new Promise((resolve, reject) => {
    call(({ status, detail, start }) => {
      if (status === EngineStatus.ok) resolve({ start });
      else reject(new ImportError(`${failure} (status ${status}, errno ${detail})`));
    });
  });
}
