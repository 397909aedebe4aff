// Runs a cast of actors on threads: all connect, then all begin at the same instant.

import { EventEmitter, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Counters, createCounters } from '../actors/counters.ts';
import type { Recorded, Series } from '../actors/recorder.ts';
import type { Schedule } from '../actors/scene.ts';
import { createClock, measureEpochOffsetMs } from '../load/clock.ts';
import type { Cast, Role } from '../plan/actors.ts';
import type { FromThread, ThreadTask } from './thread-messages.ts';

export interface CastRun {
  readonly cast: Cast;
  readonly task: Omit<ThreadTask, 'actors' | 'cast' | 'memory' | 'epochOffsetMs' | 'warmsUp'>;
  readonly threads: number;
  readonly warmupMs: number;
  /** Undefined: quotas end the run. */
  readonly durationMs: number | undefined;
  /** Ends the run early, in good order. */
  readonly signal: AbortSignal;
  /** The measured phase is about to begin, in so many milliseconds. */
  onSchedule(startsInMs: number, counters: Counters): void;
}

export interface CastResult {
  readonly counters: Counters;
  /** By index of the actor. */
  readonly recorded: ReadonlyMap<number, Recorded>;
  readonly series: ReadonlyMap<Role, readonly Series[]>;
  /** Of each thread's event loop, 0 to 1. */
  readonly utilizations: readonly number[];
}

/** Room for the schedule to reach all threads. */
const leadMs = 20;
const stopAfterMs = 5000;

/** Rejects with the first failure of an actor, when all threads have ended. */
export async function runCast({ cast, task, threads, warmupMs, durationMs, signal, onSchedule }: CastRun): Promise<CastResult> {
  const epochOffsetMs = measureEpochOffsetMs();
  const clock = createClock(epochOffsetMs);
  const counters = createCounters(cast, task.storedBefore.length);
  const stop = () => counters.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();

  const started = Array.from({ length: threads }, (_, thread) =>
    startThread({
      ...task,
      actors: cast.actors.filter(({ index }) => index % threads === thread),
      cast,
      memory: counters.memory,
      epochOffsetMs,
      warmsUp: warmupMs > 0,
    }),
  );
  let failure: unknown;
  for (const { done } of started) {
    done.catch((error: unknown) => {
      failure ??= error;
      stop();
    });
  }
  // One after another: the library under QUIC crashes where two threads that use it end together.
  const endAll = async () => {
    for (const { end } of started) await end();
  };
  // A server that does not answer must not hold up whoever wants to stop.
  const giveUp = () => void setTimeout(endAll, stopAfterMs).unref();
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.all(started.map(({ ready }) => ready));
    const startMs = clock.nowMs() + leadMs + warmupMs;
    onSchedule(leadMs + warmupMs, counters);
    for (const { begin } of started)
      begin({ startMs, deadlineMs: durationMs === undefined ? Number.POSITIVE_INFINITY : startMs + durationMs });
  } catch {
    // What failed before the start is told by `done` too. The others wait for a word that does not come.
    await endAll();
  }
  const ended = await Promise.allSettled(started.map(({ done }) => done));
  await endAll();
  signal.removeEventListener('abort', stop);
  signal.removeEventListener('abort', giveUp);
  if (failure !== undefined) throw failure;

  const results = ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const recorded = new Map(results.flatMap((result) => result.recorded.map((each) => [each.actor, each] as const)));
  const series = new Map<Role, Series[]>();
  for (const [role, one] of results.flatMap((result) => result.series)) series.set(role, [...(series.get(role) ?? []), one]);
  return {
    counters,
    recorded,
    series,
    utilizations: results.map(({ utilization }) => utilization),
  };
}

type Done = Extract<FromThread, { kind: 'done' }>;

interface Thread {
  /** Rejects if the thread fails before. */
  readonly ready: Promise<void>;
  readonly done: Promise<Done>;
  begin(schedule: Schedule): void;
  end(): Promise<unknown>;
}

function startThread(workerData: ThreadTask): Thread {
  // Built or, in a clone, run from its sources.
  const source = import.meta.url.endsWith('.ts');
  const worker = new Worker(new URL(source ? './worker.ts' : './worker.js', import.meta.url), {
    workerData,
    ...(source ? { execArgv: ['--import', import.meta.resolve('tsx')] } : {}),
  });
  const told = new EventEmitter<{ ready: []; done: [Done] }>();
  const done = new Promise<Done>((resolve, reject) => {
    told.once('done', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a thread ended without a result')));
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'ready') told.emit('ready');
      else if (message.kind === 'done') told.emit('done', message);
      else reject(new Error(message.message));
    });
  });
  const ready = Promise.race([once(told, 'ready'), done]).then(() => undefined);
  return { ready, done, begin: (schedule) => worker.postMessage(schedule), end: () => worker.terminate() };
}
