// Makes the windows of VSR clients again at the start, from the newest records of the logs: each says which request of which client and user it is of.

import { type Completion, EngineStatus, noSlot, producerRecordBytes } from '../storage/engine.ts';
import type { Partition } from './partition.ts';
import type { SendWindow } from './send-window.ts';
import { windowKeptMs } from './send-windows.ts';
import type { System } from './system.ts';
import type { Topic } from './topic.ts';

/** Partitions that are read at a time: each result takes a buffer. */
const readAtOnce = 4;

/**
 * Resolves when every partition was read. Records older than what a window outlives its connection by are passed over. What cannot be read is not known, and does not keep the
 * server from starting.
 */
export async function restoreSendWindows(system: System): Promise<void> {
  const sinceMicros = Math.max(0, (system.clock.nowMs() - windowKeptMs) * 1000);
  const left = partitionsOf(system);
  const readOn = async (): Promise<void> => {
    for (const [topic, partition] of left) {
      const { lastTimestamp } = system.engine.stats(partition.handle);
      if (lastTimestamp >= sinceMicros) await restorePartition(system, topic, partition, sinceMicros);
    }
  };
  await Promise.all(Array.from({ length: readAtOnce }, readOn));
}

function* partitionsOf(system: System): Generator<[Topic, Partition]> {
  for (const stream of system.streams.values()) {
    for (const topic of stream.topics.values()) for (const partition of topic.partitions) yield [topic, partition];
  }
}

function restorePartition(system: System, topic: Topic, partition: Partition, sinceMicros: number): Promise<void> {
  return new Promise((resolve) => {
    system.engine.readProducers(partition.handle, sinceMicros, (completion) => {
      if (completion.status === EngineStatus.ok) restoreRecords(system, topic, partition.id, completion);
      else if (completion.status !== EngineStatus.fenced) {
        system.log.warn({ directory: partition.directory, status: completion.status }, 'requests of the last minutes are not remembered');
      }
      if (completion.slot !== noSlot) system.engine.releaseSlot(completion.slot);
      resolve();
    });
  });
}

function restoreRecords(system: System, topic: Topic, partitionId: number, { slot, start, count, detail }: Completion): void {
  if (count === 0) return;
  const bytes = system.engine.slotBuffer(slot);
  const first = new Map<SendWindow, number>();
  for (let at = start, end = start + count * producerRecordBytes; at < end; at += producerRecordBytes) {
    const clientId = bytes.readBigUInt64LE(at) | (bytes.readBigUInt64LE(at + 8) << 64n);
    const number = Number(bytes.readBigUInt64LE(at + 16));
    const window = system.sendWindows.restored(clientId, bytes.readUInt32LE(at + 32));
    if (window === undefined || number > Number.MAX_SAFE_INTEGER) continue;
    window.restore(number, topic, partitionId, Number(bytes.readBigUInt64LE(at + 24)));
    first.set(window, Math.min(number, first.get(window) ?? number));
  }
  // What was not read may hold lower numbers of these clients.
  if (detail !== 0) for (const [window, number] of first) window.forget(number - 1);
}
