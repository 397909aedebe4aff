// Sends a batch, reads until it has it back, sends the next. Its latency is that of the whole way: from the send to the last message read.

import { createBatchSource } from '../load/batch-source.ts';
import { Course, type Performance, patienceMs, type Scene } from './scene.ts';

export function prepareProducingConsumer(scene: Scene): Performance {
  const { actor, client, clock, counters, recorder, storedBefore } = scene;
  const batches = createBatchSource(client, scene.messageBytes, scene.messagesPerBatch);
  return async (schedule) => {
    const course = new Course(scene, schedule);
    await course.begin();
    let offset = storedBefore;
    while (course.goesOn) {
      const batch = batches.next(course.messagesLeft);
      await course.turn(batch.payloadBytes);
      if (!course.goesOn) break;
      const measuring = course.measuring;
      batch.stamp(clock.epochMicros());
      const beganMs = clock.nowMs();
      await client.send(batch);
      counters.sent(actor.index, batch.messages);
      const end = offset + batch.messages;
      while (offset < end && !counters.stopped) {
        const polled = await client.poll({ offset, partition: actor.partition, count: end - offset });
        if (polled.messages === 0) {
          if (measuring) recorder.emptyPoll();
          if (clock.nowMs() - beganMs > patienceMs)
            throw new Error(`${actor.streamName}: no message at offset ${offset} for ${patienceMs / 1000} s`);
        } else if (polled.offset !== offset) {
          throw new Error(`${actor.streamName}: a poll from offset ${offset} began with ${polled.offset}`);
        }
        offset += polled.messages;
        counters.read(actor.index, polled.messages);
      }
      const endedMs = clock.nowMs();
      if (measuring && offset === end) course.done(endedMs - beganMs, endedMs, batch.messages, batch.payloadBytes);
    }
    counters.producerDone(actor.stream);
  };
}
