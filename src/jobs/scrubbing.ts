// Reads what lies on the device at a set rate and verifies it, so that damage is found while there may still be a sound copy somewhere, and not by whoever polls it years later.
//
// A pass walks every partition once. Nothing of it is remembered across a restart: it begins with a partition chosen by chance, so that a server that restarts often gets round all
// the same. Damage is reported, and fences nothing: a partition that cannot give out old messages can take new ones.

import { placeOf } from '../streaming/known-damage.ts';
import type { Partition } from '../streaming/partition.ts';
import type { System } from '../streaming/system.ts';
import type { Topic } from '../streaming/topic.ts';
import { verifyPartition } from '../streaming/verify-partition.ts';

export interface ScrubbingOptions {
  bytesPerSecond: number;
  /** From the beginning of a pass to that of the next, if it has ended by then. */
  passEveryMs: number;
  /** From the start to the first pass. */
  firstPassAfterMs: number;
}

export interface ScrubbingFigures {
  bytesVerified: number;
  passes: number;
  /** When the last pass ended, milliseconds since 1970; 0: none has. */
  lastPassMs: number;
}

const pieceBytesMax = 1024 * 1024;
const pieceBytesMin = 64 * 1024;
const piecesPerSecond = 4;

/** Starts the job. `stop` resolves when it reads no more. */
export function startScrubbing(
  system: System,
  options: ScrubbingOptions,
): { figures: Readonly<ScrubbingFigures>; stop: () => Promise<void> } {
  const figures: ScrubbingFigures = { bytesVerified: 0, passes: 0, lastPassMs: 0 };
  const pieceBytes = Math.min(pieceBytesMax, Math.max(pieceBytesMin, Math.floor(options.bytesPerSecond / piecesPerSecond)));
  const stopping = new AbortController();
  const { signal } = stopping;

  const verify = async (topic: Topic, partition: Partition): Promise<void> => {
    system.damage.forget(partition);
    for await (const piece of verifyPartition(system.engine, partition.handle, pieceBytes)) {
      if (signal.aborted) return;
      figures.bytesVerified += piece.bytes;
      if (piece.damage !== undefined) system.damage.add(placeOf(topic, partition), partition, piece.damage);
      await pause((piece.bytes / options.bytesPerSecond) * 1000, signal);
    }
  };

  const pass = async (): Promise<void> => {
    const topics = [...system.streams.values()].flatMap((stream) => [...stream.topics.values()]);
    const first = Math.floor(Math.random() * topics.length);
    for (const topic of [...topics.slice(first), ...topics.slice(0, first)]) {
      for (const { id } of topic.partitions) {
        const partition = topic.partitions[id];
        if (signal.aborted) return;
        if (partition !== undefined) await verify(topic, partition);
      }
    }
    const existing = new Set(
      [...system.streams.values()].flatMap((stream) => [...stream.topics.values()].flatMap((topic) => topic.partitions)),
    );
    system.damage.keepOnly((partition) => existing.has(partition));
    figures.passes++;
    figures.lastPassMs = system.clock.nowMs();
    system.log.info({ bytes: figures.bytesVerified, damagedPartitions: system.damage.partitions }, 'stored messages were verified');
  };

  const run = async (): Promise<void> => {
    await pause(options.firstPassAfterMs, signal);
    while (!signal.aborted) {
      const begunMs = performance.now();
      try {
        await pass();
      } catch (error) {
        system.log.error({ err: error }, 'stored messages could not be verified');
      }
      await pause(options.passEveryMs - (performance.now() - begunMs), signal);
    }
  };
  const ended = run();
  return {
    figures,
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

/** The longest delay of a timer. */
const delayMsMax = 2 ** 31 - 1;

/** Resolves early when the signal aborts. Keeps no process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(ms, delayMsMax));
    timer.unref();
    signal.addEventListener('abort', end);
  });
}
