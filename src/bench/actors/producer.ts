// Sends batches one after another: the next when the last was answered.

import { createBatchSource } from '../load/batch-source.ts';
import { Course, type Performance, type Scene } from './scene.ts';

export function prepareProducer(scene: Scene): Performance {
  const { actor, client, clock, counters } = scene;
  const batches = createBatchSource(client, scene.messageBytes, scene.messagesPerBatch);
  return async (schedule) => {
    const course = new Course(scene, schedule);
    await course.begin();
    while (course.goesOn) {
      const batch = batches.next(course.messagesLeft);
      await course.turn(batch.payloadBytes);
      if (!course.goesOn) break;
      const measuring = course.measuring;
      batch.stamp(clock.epochMicros());
      const beganMs = clock.nowMs();
      await client.send(batch);
      const endedMs = clock.nowMs();
      counters.sent(actor.index, batch.messages);
      if (measuring) course.done(endedMs - beganMs, endedMs, batch.messages, batch.payloadBytes);
    }
    counters.producerDone(actor.stream);
  };
}
