// A tail: the messages of a partition from an offset on, for as long as somebody reads. It polls, and between polls that find nothing it waits among the polls that wait. Every poll
// is the ordinary one, which finds out that the topic is gone or the permission. Nothing is read ahead of the socket: the next poll comes when what was found has been taken.

import { ConsumerKind } from '../../../protocol/primitives/consumer.ts';
import type { Identifier } from '../../../protocol/primitives/identifier.ts';
import { PollingKind } from '../../../protocol/primitives/polling-strategy.ts';
import type { PartitionStats } from '../../../storage/engine.ts';
import type { ClientRecord } from '../../../streaming/clients.ts';
import { type Polled, type PollServices, poll } from './http-exchange.ts';
import { eachMessage } from './message-json.ts';

export interface TailPlace {
  readonly stream: Identifier;
  readonly topic: Identifier;
  readonly partition: number;
}

export interface TailFormat {
  /** First thing of the reply, so that its head leaves at once. */
  readonly opening: string;
  readonly heartbeat: string;
  message(offset: string, json: string): string;
}

/** Server-sent events (WHATWG HTML, 9.2): the offset is the event's id, with which a browser resumes. */
export const eventStream: TailFormat = {
  opening: 'retry: 1000\n\n',
  heartbeat: ': alive\n\n',
  message: (offset, json) => `id: ${offset}\ndata: ${json}\n\n`,
};

/** One message a line, an empty line now and then. */
export const jsonLines: TailFormat = { opening: '\n', heartbeat: '\n', message: (_offset, json) => `${json}\n` };

/** A login that has ended is found out after this time at the latest. */
const longestWaitMs = 1_000;
/** Where too many polls wait already. */
const lookEveryMs = 50;
const heartbeatEveryMs = 15_000;
const messagesAtOnce = 256;

/** Ends when `holds` says no more. Throws what a poll is refused with. */
export async function* tail(
  services: PollServices,
  client: ClientRecord,
  place: TailPlace,
  from: bigint,
  format: TailFormat,
  holds: () => boolean,
): AsyncGenerator<string> {
  let next = from;
  let current = 0;
  let spokeAtMs = services.clock.nowMs();
  yield format.opening;
  while (holds()) {
    const found = await poll(services, client, requestOf(place, next), (polled) => ({
      text: textOf(polled, format),
      count: polled.count,
      currentOffset: polled.currentOffset,
      lastOffset: polled.lastOffset,
    }));
    // Offsets begin anew when a topic is purged.
    if (found.currentOffset < current) next = 0n;
    current = found.currentOffset;
    if (found.count > 0) {
      next = BigInt(found.lastOffset) + 1n;
      spokeAtMs = services.clock.nowMs();
      yield found.text;
      continue;
    }
    if (services.clock.nowMs() - spokeAtMs >= heartbeatEveryMs) {
      spokeAtMs = services.clock.nowMs();
      yield format.heartbeat;
    }
    await newMessages(services, client, place, next);
  }
}

/** Resolves once the partition has a message at the offset, after a while, or when the client's waits are ended. */
async function newMessages({ system }: PollServices, client: ClientRecord, place: TailPlace, next: bigint): Promise<void> {
  const partition = system.topic(place.stream, place.topic).partition(place.partition).handle;
  await new Promise<void>((resolve) => {
    const enough = ({ nextOffset }: PartitionStats) => BigInt(nextOffset) > next;
    const wait = { client, request: 0n, partition, group: undefined, waitMs: longestWaitMs, enough, ended: () => resolve() };
    if (!system.pollWaits.add(wait)) setTimeout(resolve, lookEveryMs);
  });
}

function requestOf({ stream, topic, partition }: TailPlace, offset: bigint) {
  return {
    consumer: { kind: ConsumerKind.consumer, id: 1 },
    stream,
    topic,
    partition,
    strategy: { kind: PollingKind.offset, value: offset },
    count: messagesAtOnce,
    autoCommit: false,
  };
}

function textOf({ generation, bytes, start, end }: Polled, format: TailFormat): string {
  let text = '';
  eachMessage(generation, bytes, start, end, (offset, json) => {
    text += format.message(offset, json);
  });
  return text;
}
