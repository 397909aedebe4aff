// A benchmark from its plan to its result.

import { castOf, fillersOf } from '../plan/actors.ts';
import type { Plan } from '../plan/plan.ts';
import { httpTarget } from '../plan/target.ts';
import { UsageError } from '../plan/usage-error.ts';
import type { BenchResult } from '../result/result.ts';
import { binaryControl, type Control, httpControl } from '../server/control.ts';
import { processUsage } from '../server/machine.ts';
import { readServerFacts } from '../server/server-facts.ts';
import { composeResult } from './compose-result.ts';
import { type Progress, watchProgress } from './progress.ts';
import { type CastRun, runCast } from './run-cast.ts';
import { type Stage, setStage } from './stage.ts';

export interface BenchmarkRun {
  readonly plan: Plan;
  /** Of this package. */
  readonly version: string;
  /** Ends it early: what was measured by then is the result. */
  readonly signal: AbortSignal;
  onProgress(progress: Progress): void;
}

/**
 * What it made on the server is gone in the end, however it ends, unless the plan keeps it. Rejects with UsageError, or with what the server or a connection did. Undefined: it was
 * stopped before there was anything to tell.
 */
export async function runBenchmark(run: BenchmarkRun): Promise<BenchResult | undefined> {
  const control = await controlOf(run.plan);
  try {
    const stage = await setStage(control, run.plan);
    let result: BenchResult | undefined;
    try {
      result = await measure(run, control, stage);
    } catch (error) {
      await stage.clear().catch(() => undefined);
      if (run.signal.aborted) return undefined;
      throw error;
    }
    await stage.clear();
    return result;
  } finally {
    await control.close();
  }
}

async function controlOf({ target, generation }: Plan): Promise<Control> {
  const http = httpTarget(target);
  if (http !== undefined) return httpControl(http);
  const control = await binaryControl(target, 'auto');
  if (generation !== 'vsr' || control.generation === 'vsr') return control;
  await control.close();
  throw new UsageError('--generation vsr: the server speaks classic (Iggy 0.8) alone');
}

async function measure(run: BenchmarkRun, control: Control, stage: Stage): Promise<BenchResult | undefined> {
  const { plan, version, signal } = run;
  const server = await readServerFacts(control, plan);
  const generation = plan.generation === 'auto' ? control.generation : plan.generation;
  const load = {
    target: plan.target,
    generation: generation ?? ('auto' as const),
    messageBytes: plan.messageBytes,
    messagesPerBatch: plan.messagesPerBatch,
    samplingMs: plan.samplingMs,
    endToEnd: plan.kind.produces,
  };
  if (!plan.kind.produces && !plan.reuseStreams) await fill(run, load);
  if (signal.aborted) return undefined;

  const storedBefore = await stage.stored();
  const empty = plan.streams.find((_, index) => storedBefore[index] === 0);
  if (!plan.kind.produces && empty !== undefined) throw new UsageError(`${empty} holds no messages to read`);
  const cast = castOf(plan);
  const durationMs = plan.amount.of === 'durationMs' ? plan.amount.value : undefined;
  const serverUsage = () => (server.processId === undefined ? undefined : processUsage(server.processId));
  let before = { startedAt: new Date(), serverUsage: serverUsage(), clientCpu: process.cpuUsage() };
  const played = await watched(run, 'measuring', {
    cast,
    task: { ...load, storedBefore },
    threads: plan.workers,
    warmupMs: plan.warmupMs,
    durationMs,
    signal,
    onStart() {
      before = { startedAt: new Date(), serverUsage: serverUsage(), clientCpu: process.cpuUsage() };
    },
  });
  return composeResult({
    plan,
    version,
    generation,
    startedAt: before.startedAt,
    complete: !signal.aborted,
    server,
    serverUsage: [before.serverUsage, serverUsage()],
    clientCpu: process.cpuUsage(before.clientCpu),
    actors: cast.actors,
    played,
    storedBefore,
    storedAfter: await stage.stored(),
  });
}

/** Where time is the limit, so long is enough for something to read again and again. */
const fillMsMax = 3000;

/** Writes what consumers are to read. */
async function fill(run: BenchmarkRun, load: Omit<CastRun['task'], 'storedBefore'>): Promise<void> {
  const { plan, signal } = run;
  const actors = fillersOf(plan);
  await watched(run, 'filling', {
    cast: { actors, readers: 0 },
    task: { ...load, storedBefore: plan.streams.map(() => 0) },
    threads: Math.min(plan.workers, actors.length),
    warmupMs: 0,
    durationMs: plan.amount.of === 'durationMs' ? fillMsMax : undefined,
    signal,
    onStart: () => undefined,
  });
}

async function watched(
  run: BenchmarkRun,
  phase: Progress['phase'],
  { onStart, ...cast }: Omit<CastRun, 'onSchedule'> & { onStart(): void },
) {
  let stopWatching: () => void = () => undefined;
  try {
    return await runCast({
      ...cast,
      onSchedule(startsInMs, counters) {
        setTimeout(onStart, startsInMs).unref();
        const { durationMs } = cast;
        const messagesPerBatch = run.plan.messagesPerBatch.max;
        stopWatching = watchProgress(
          { phase, actors: cast.cast.actors, counters, startsInMs, durationMs, messagesPerBatch },
          run.onProgress,
        );
      },
    });
  } finally {
    stopWatching();
  }
}
