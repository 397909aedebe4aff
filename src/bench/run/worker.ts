// A thread of a run: connects its actors, tells when they are ready, runs them at the word, and tells what they measured.

import { parentPort, workerData } from 'node:worker_threads';
import { prepareConsumer } from '../actors/consumer.ts';
import { createCounters } from '../actors/counters.ts';
import { prepareMember } from '../actors/member.ts';
import { prepareProducer } from '../actors/producer.ts';
import { prepareProducingConsumer } from '../actors/producing-consumer.ts';
import { createRecorder, emptySeries, type Series } from '../actors/recorder.ts';
import type { Performance, Scene, Schedule } from '../actors/scene.ts';
import { binaryLoadClient } from '../load/binary-client.ts';
import { createClock } from '../load/clock.ts';
import { httpLoadClient } from '../load/http-client.ts';
import type { LoadClient } from '../load/load-client.ts';
import type { Actor, Role } from '../plan/actors.ts';
import { httpTarget } from '../plan/target.ts';
import type { FromThread, ThreadTask } from './thread-messages.ts';

const task = workerData as ThreadTask;
const port = parentPort as NonNullable<typeof parentPort>;
const tell = (message: FromThread) => port.postMessage(message);

const clock = createClock(task.epochOffsetMs);
const counters = createCounters(task.cast, task.storedBefore.length, task.memory);
const series = new Map<Role, Series>();

function connectActor({ streamName, topicName, partition, group }: Actor): Promise<LoadClient> {
  const place = { stream: streamName, topic: topicName, partition, group };
  const http = httpTarget(task.target);
  return http === undefined ? binaryLoadClient(task.target, task.generation, place) : httpLoadClient(http, place);
}

function prepare(scene: Scene): Performance | Promise<Performance> {
  switch (scene.actor.role) {
    case 'producer':
      return prepareProducer(scene);
    case 'consumer':
      return prepareConsumer(scene);
    case 'member':
      return prepareMember(scene);
    case 'producing-consumer':
      return prepareProducingConsumer(scene);
  }
}

function seriesOf(role: Role): Series {
  const known = series.get(role) ?? emptySeries();
  series.set(role, known);
  return known;
}

async function run(): Promise<void> {
  const clients: LoadClient[] = [];
  const performances: Performance[] = [];
  const recorders = new Map(task.actors.map((actor) => [actor, createRecorder(seriesOf(actor.role), task.samplingMs)]));
  for (const [actor, recorder] of recorders) {
    const client = await connectActor(actor);
    clients.push(client);
    performances.push(
      await prepare({
        actor,
        client,
        clock,
        counters,
        recorder,
        messageBytes: task.messageBytes,
        messagesPerBatch: task.messagesPerBatch,
        warmsUp: task.warmsUp,
        storedBefore: task.storedBefore[actor.stream] as number,
        endToEnd: task.endToEnd,
      }),
    );
  }
  tell({ kind: 'ready' });
  const schedule = await new Promise<Schedule>((resolve) => port.once('message', resolve));
  const before = performance.eventLoopUtilization();
  await Promise.all(performances.map((perform) => perform(schedule)));
  const { utilization } = performance.eventLoopUtilization(before);
  await Promise.all(clients.map((client) => client.close()));
  tell({
    kind: 'done',
    utilization,
    series: [...series],
    recorded: [...recorders].map(([{ index }, recorder]) => ({ actor: index, ...recorder.recorded() })),
  });
}

// The thread stays until the main one ends it.
port.ref();
run().catch((error: Error) => tell({ kind: 'failed', message: error.message }));
