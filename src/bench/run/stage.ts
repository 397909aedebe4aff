// Streams, topics and groups of a run: made before it, gone behind it.

import { plannedBytes } from '../plan/actors.ts';
import { type Plan, topicName } from '../plan/plan.ts';
import { UsageError } from '../plan/usage-error.ts';
import type { Control } from '../server/control.ts';

export interface Stage {
  /** Messages of each stream. */
  stored(): Promise<number[]>;
  /** Removes what was made, unless the plan keeps it. Rejects with the first thing that could not be removed, having tried all. */
  clear(): Promise<void>;
}

/** Rejects with UsageError where the server has not what the plan wants, or has not the room. What was made by then is removed again. */
export async function setStage(control: Control, plan: Plan): Promise<Stage> {
  const made: (() => Promise<void>)[] = [];
  const stage: Stage = {
    stored: () => Promise.all(plan.streams.map(async (stream) => (await control.topic(stream, topicName))?.messages ?? 0)),
    async clear() {
      if (plan.keep) return;
      const undone = await Promise.allSettled(made.splice(0).map((undo) => undo()));
      const failure = undone.find((each) => each.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    },
  };
  try {
    if (plan.reuseStreams) await findStreams(control, plan);
    else await makeStreams(control, plan, made);
    for (const stream of plan.streams) {
      for (const group of plan.groups) {
        await control.createGroup(stream, topicName, group);
        // Groups of a stream that was made go with it.
        if (plan.reuseStreams) made.push(() => control.deleteGroup(stream, topicName, group));
      }
    }
    return stage;
  } catch (error) {
    await Promise.allSettled(made.map((undo) => undo()));
    throw error;
  }
}

async function findStreams(control: Control, { streams, partitions }: Plan): Promise<void> {
  for (const stream of streams) {
    const topic = await control.topic(stream, topicName);
    if (topic === undefined) throw new UsageError(`--reuse-streams: the server has no topic ${topicName} in a stream ${stream}`);
    if (topic.partitions !== partitions)
      throw new UsageError(`--reuse-streams: ${stream} has ${topic.partitions} partitions, not ${partitions}`);
  }
}

async function makeStreams(control: Control, plan: Plan, made: (() => Promise<void>)[]): Promise<void> {
  const { freeDiskBytes } = await control.stats();
  const bytes = plannedBytes(plan);
  if (freeDiskBytes !== undefined && bytes !== undefined && bytes > freeDiskBytes)
    throw new UsageError(
      `the run would store ${gigabytes(bytes)} GB of payload, and the server has ${gigabytes(freeDiskBytes)} GB of disk left; see --total-data`,
    );
  for (const stream of plan.streams) {
    if ((await control.topic(stream, topicName)) !== undefined)
      throw new UsageError(`the server has a stream ${stream} already: --reuse-streams uses it, another --stream-prefix avoids it`);
    await control.createStream(stream);
    made.push(() => control.deleteStream(stream));
    await control.createTopic({ stream, topic: topicName, partitions: plan.partitions, options: plan.topicOptions });
  }
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
