// Reads as a member of a consumer group: its partitions in turn, each poll going on where the group is and committing what it returns. Ends when the group has read everything.

import { Course, type Performance, patienceMs, type Scene } from './scene.ts';

/** Between two looks at the assignment while there is nothing to read. */
const lookAgainMs = 100;
const idleMs = 5;

export async function prepareMember(scene: Scene): Promise<Performance> {
  const { actor, client, clock, counters, recorder, storedBefore, messagesPerBatch } = scene;
  await client.memberPartitions();
  return async (schedule) => {
    const course = new Course(scene, schedule);
    // All have joined by now.
    let partitions = await client.memberPartitions();
    await course.begin();
    let turn = 0;
    let lastMs = clock.nowMs();
    let lookedMs = lastMs;
    const everything = () => storedBefore + (counters.sentInAll(actor.stream) ?? Number.POSITIVE_INFINITY);
    while (course.goesOn && counters.readInAll(actor.reader) < everything()) {
      if (partitions.length === 0) await new Promise((resolve) => setTimeout(resolve, idleMs));
      else {
        const beganMs = clock.nowMs();
        const measuring = course.measuring;
        const polled = await client.poll({
          offset: undefined,
          partition: partitions[turn++ % partitions.length],
          count: messagesPerBatch.max,
        });
        const endedMs = clock.nowMs();
        if (polled.resync) lookedMs = 0;
        if (polled.messages > 0) {
          lastMs = endedMs;
          counters.read(actor.index, polled.messages);
          const latencyMs = scene.endToEnd ? clock.epochMicros() / 1000 - polled.originMicros / 1000 : endedMs - beganMs;
          if (measuring) course.done(latencyMs, endedMs, polled.messages, polled.payloadBytes);
          await course.turn(polled.payloadBytes);
          continue;
        }
        if (measuring) recorder.emptyPoll();
      }
      const nowMs = clock.nowMs();
      if (nowMs - lookedMs > lookAgainMs) {
        partitions = await client.memberPartitions();
        lookedMs = nowMs;
      }
      // Others of the group may be reading all this time.
      if (nowMs - lastMs > patienceMs && counters.sentInAll(actor.stream) !== undefined)
        throw new Error(
          `${actor.streamName}: ${counters.readInAll(actor.reader)} of ${everything()} messages came, and none for ${patienceMs / 1000} s`,
        );
    }
  };
}
