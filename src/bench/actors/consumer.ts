// Reads a partition by offset. Either it reads along with producers, every message once, until these are done and nothing is left; or it reads what is there, again from the
// start where its quota wants more.

import type { Polled } from '../load/load-client.ts';
import { Course, type Performance, patienceMs, type Scene } from './scene.ts';

export function prepareConsumer(scene: Scene): Performance {
  const { actor, client, clock, counters, recorder, storedBefore, messagesPerBatch } = scene;
  const first = actor.rereads ? 0 : storedBefore;
  return async (schedule) => {
    const course = new Course(scene, schedule);
    await course.begin();
    let offset = first;
    let lastMs = clock.nowMs();
    let warm = course.measuring;
    const end = () => storedBefore + (counters.sentInAll(actor.stream) ?? Number.POSITIVE_INFINITY);
    while (course.goesOn && (actor.rereads || offset < end())) {
      if (!warm && course.measuring) {
        warm = true;
        if (actor.rereads) offset = first;
      }
      if (actor.rereads && offset >= storedBefore) offset = first;
      const count = Math.min(messagesPerBatch.max, course.messagesLeft);
      const beganMs = clock.nowMs();
      const polled = await client.poll({ offset, partition: actor.partition, count });
      const endedMs = clock.nowMs();
      if (polled.messages === 0) {
        if (warm) recorder.emptyPoll();
        if (endedMs - lastMs > patienceMs)
          throw new Error(`${actor.streamName}: no message at offset ${offset} for ${patienceMs / 1000} s`);
        continue;
      }
      checkOffset(actor.streamName, offset, polled);
      offset += polled.messages;
      lastMs = endedMs;
      counters.read(actor.index, polled.messages);
      if (warm) {
        const latencyMs = scene.endToEnd ? clock.epochMicros() / 1000 - polled.originMicros / 1000 : endedMs - beganMs;
        course.done(latencyMs, endedMs, polled.messages, polled.payloadBytes);
      }
      await course.turn(polled.payloadBytes);
    }
  };
}

function checkOffset(stream: string, wanted: number, { offset }: Polled): void {
  if (offset !== wanted) throw new Error(`${stream}: a poll from offset ${wanted} began with ${offset}`);
}
