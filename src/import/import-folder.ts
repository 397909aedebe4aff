// Copies a data folder of Iggy into a new data folder: metadata is read first, then partitions are copied, a few at a time, and last of all the metadata is written.

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Addon, loadAddon } from '../addon/addon.ts';
import type { Settings } from '../config/settings.ts';
import { engineEncryption, noteWritingKey } from '../storage/encryption-keys.ts';
import type { Engine } from '../storage/engine.ts';
import { openMetadataStore } from '../storage/metadata/metadata-store.ts';
import { createEngine } from '../storage/native-engine.ts';
import { systemClock } from '../streaming/clock.ts';
import { topicDefaults } from '../streaming/default-topic-settings.ts';
import { rootUserId } from '../streaming/users.ts';
import { Destination } from './destination.ts';
import type { BufferPair, LogReader } from './log-reader.ts';
import { type ImportedTopic, metadataRows, tidy } from './metadata-rows.ts';
import { importPartition } from './partition-import.ts';
import { readMetadata, type SourceMetadata } from './read-metadata.ts';
import { RewritingLogReader } from './rewriting-log-reader.ts';
import { createDecrypt } from './source/encryption.ts';
import { ImportError } from './source/import-error.ts';
import { openSource, type SourceFolder } from './source/open-source.ts';
import { listSegments } from './source/partition-source.ts';
import { Report } from './source/report.ts';
import type { SourceFile } from './source/source-file.ts';
import { StoredLogReader } from './stored-log-reader.ts';
import { topicConfigOf } from './topic-config.ts';

export interface ImportOptions {
  source: string;
  /** Undefined: everything is read and verified, nothing is written. */
  destination: string | undefined;
  settings: Settings;
  /** Base64 of the 32 bytes that the source is encrypted with. */
  encryptionKey: string | undefined;
  skipDamaged: boolean;
  onProgress: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  /** Of the log files. */
  bytesDone: number;
  bytesTotal: number;
  messages: number;
}

export interface ImportResult {
  layout: SourceMetadata['layout'];
  report: Report;
  elapsedMs: number;
}

const partitionsAtOnce = 2;
/** Room for the largest messages there can be in every buffer at once. */
const bufferBytesMin = 1024 * 1024 * 1024;

/** Throws ImportError for what cannot be imported or, unless it is to be skipped, is damaged. */
export async function importFolder(options: ImportOptions): Promise<ImportResult> {
  const startedAtMs = performance.now();
  const source = await openSource(options.source);
  const decrypt = options.encryptionKey === undefined ? undefined : createDecrypt(options.encryptionKey);
  if (decrypt !== undefined && source.generation === 'vsr') throw new ImportError('encrypted folders of Iggy 0.9 cannot be imported');
  const addon = loadAddon();
  const report = new Report(options);
  const metadata = await readMetadata(source, addon.xxh3, decrypt, report);
  tidy(metadata.model, systemClock.nowMicros(), report);
  const destination = options.destination === undefined ? undefined : await openDestination(options.destination, source, addon);
  try {
    const encryption = engineEncryption(options.settings.encryption);
    const engineSettings = {
      ...options.settings.engine,
      bufferBytesMax: Math.max(options.settings.engine.bufferBytesMax, bufferBytesMin),
      encryption,
    };
    const engine = createEngine(engineSettings);
    try {
      const openLog = (file: SourceFile, buffers: BufferPair): LogReader => {
        if (metadata.layout === '0.9') return new StoredLogReader(file, engine, 'vsr', buffers);
        if (metadata.layout === '0.8' && decrypt === undefined) return new StoredLogReader(file, engine, 'classic', buffers);
        return new RewritingLogReader(file, engine, metadata.layout, decrypt, buffers);
      };
      await new FolderImport(options, source, metadata, destination, engine, openLog, report).run();
    } finally {
      engine.shutdown();
    }
    await destination?.finish();
  } finally {
    destination?.release();
  }
  return { layout: metadata.layout, report, elapsedMs: performance.now() - startedAtMs };
}

async function openDestination(folder: string, source: SourceFolder, addon: Addon): Promise<Destination> {
  const inside = path.relative(path.resolve(source.path), path.resolve(folder));
  if (inside === '' || !inside.startsWith('..')) throw new ImportError('the new data folder cannot be within the one that is imported');
  return await Destination.open(folder, addon);
}

interface PartitionWork {
  topic: ImportedTopic;
  id: number;
}

class FolderImport {
  readonly #options: ImportOptions;
  readonly #source: SourceFolder;
  readonly #metadata: SourceMetadata;
  readonly #destination: Destination | undefined;
  readonly #engine: Engine;
  readonly #openLog: (file: SourceFile, buffers: BufferPair) => LogReader;
  readonly #report: Report;
  #bytesDone = 0;
  #bytesTotal = 0;

  constructor(
    options: ImportOptions,
    source: SourceFolder,
    metadata: SourceMetadata,
    destination: Destination | undefined,
    engine: Engine,
    openLog: (file: SourceFile, buffers: BufferPair) => LogReader,
    report: Report,
  ) {
    this.#options = options;
    this.#source = source;
    this.#metadata = metadata;
    this.#destination = destination;
    this.#engine = engine;
    this.#openLog = openLog;
    this.#report = report;
  }

  async run(): Promise<void> {
    const topics = this.#topics();
    const work: PartitionWork[] = topics.flatMap((topic) => topic.topic.partitions.map((_, id) => ({ topic, id })));
    for (const each of work) {
      for (const { sizeBytes } of (await listSegments(this.#folderOf(each))) ?? []) this.#bytesTotal += sizeBytes;
    }
    await this.#noteUnknownFolders();
    this.#progress(0);
    await this.#importAll(work);
    this.#count(topics);
    if (this.#destination === undefined) return;
    const store = await openMetadataStore(this.#destination.folder);
    try {
      const { settings } = this.#options;
      await store.commit([
        ...noteWritingKey(engineEncryption(settings.encryption), systemClock.nowMicros()),
        ...metadataRows(this.#metadata.model, topics, topicDefaults(settings)),
      ]);
    } finally {
      await store.close();
    }
  }

  #topics(): ImportedTopic[] {
    const defaults = topicDefaults(this.#options.settings);
    return this.#metadata.model.streams.list().flatMap((stream) =>
      stream.topics.list().map((topic) => {
        const config = topicConfigOf(topic, `topic ${stream.name}/${topic.name}`, defaults, this.#report);
        return { streamId: stream.id, topic, config, incarnations: [] };
      }),
    );
  }

  /** The first failure ends the others when they are done with their partition. */
  async #importAll(work: readonly PartitionWork[]): Promise<void> {
    let next = 0;
    let failed = false;
    const worker = async (): Promise<void> => {
      for (let each = work[next++]; each !== undefined && !failed; each = work[next++]) await this.#importOne(each);
    };
    const workers = Array.from({ length: partitionsAtOnce }, () =>
      worker().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    );
    const outcomes = await Promise.allSettled(workers);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #importOne(work: PartitionWork): Promise<void> {
    const { topic, id } = work;
    const directory = this.#destination && path.join(this.#destination.folder, ...places(topic.streamId, topic.topic.id, id));
    const incarnation = await importPartition({
      folder: this.#folderOf(work),
      destination: directory === undefined ? undefined : { directory, partitionId: id, segmentBytes: topic.config.segmentBytes },
      engine: this.#engine,
      generation: this.#source.generation,
      openLog: this.#openLog,
      hasGroup: (group) => topic.topic.groups.get(group) !== undefined,
      report: this.#report,
      onBytes: (bytes) => this.#progress(bytes),
    });
    if (incarnation !== undefined) topic.incarnations[id] = incarnation;
  }

  #folderOf({ topic, id }: PartitionWork): string {
    return path.join(this.#source.path, ...places(topic.streamId, topic.topic.id, id + this.#metadata.model.firstPartitionId));
  }

  /** Folders of streams that the metadata does not name are left where they are, as Iggy does. */
  async #noteUnknownFolders(): Promise<void> {
    const names = await readdir(path.join(this.#source.path, 'streams')).catch(() => []);
    for (const name of names) {
      if (this.#metadata.model.streams.get(Number(name)) === undefined)
        this.#report.note(`streams/${name} is not in the metadata and is left out`);
    }
  }

  #progress(bytes: number): void {
    this.#bytesDone += bytes;
    this.#options.onProgress({ bytesDone: this.#bytesDone, bytesTotal: this.#bytesTotal, messages: this.#report.counts.messages });
  }

  #count(topics: readonly ImportedTopic[]): void {
    const { counts } = this.#report;
    const { model } = this.#metadata;
    counts.streams = model.streams.size;
    counts.topics = topics.length;
    for (const { topic } of topics) counts.groups += topic.groups.size;
    counts.users = model.users.size;
    for (const user of model.users.values()) counts.tokens += user.tokens.size;
    const root = model.users.get(rootUserId);
    if (root?.passwordHash === undefined) {
      this.#report.note('the root user is not in the source: the first start of the server makes one and prints its password');
      if (root !== undefined && root.tokens.size > 0) this.#report.cannotCarry(`${root.tokens.size} access tokens of the root user`);
    }
  }
}

function places(stream: number, topic: number, partition: number): string[] {
  return ['streams', String(stream), 'topics', String(topic), 'partitions', String(partition)];
}
