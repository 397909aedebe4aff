// Who does what: one entry for each connection that carries load.

import { type Quota, share } from './amounts.ts';
import { type Plan, topicName } from './plan.ts';

export type Role = 'producer' | 'consumer' | 'member' | 'producing-consumer';

export interface Actor {
  /** Place among all actors of the run. */
  readonly index: number;
  readonly role: Role;
  /** Place of its stream among those of the plan. */
  readonly stream: number;
  readonly streamName: string;
  readonly topicName: string;
  /** Producers: undefined leaves the partition to the server. */
  readonly partition: number | undefined;
  /** Members alone. */
  readonly group: string | undefined;
  /** Readers: which counter of messages read it adds to; members of a group share one. */
  readonly reader: number;
  readonly quota: Quota;
  /** Readers: true reads the partition again from its start until the quota is met; false reads what producers send, once. */
  readonly rereads: boolean;
  readonly rateBytesPerSecond: number | undefined;
}

export interface Cast {
  readonly actors: readonly Actor[];
  /** Counters of messages read. */
  readonly readers: number;
}

export function castOf(plan: Plan): Cast {
  const { kind, producers, consumers, streams, groups } = plan;
  const rateBytesPerSecond = plan.rateBytesPerSecond && plan.rateBytesPerSecond / (producers + consumers);
  const place = (index: number) => {
    const stream = index % streams.length;
    return { stream, streamName: streams[stream] as string, topicName, partition: kind.balanced ? undefined : 0, rateBytesPerSecond };
  };
  const sending = Array.from(
    { length: producers },
    (_, index): Actor => ({
      ...place(index),
      index,
      role: kind.echoes ? 'producing-consumer' : 'producer',
      group: undefined,
      reader: kind.echoes ? index : 0,
      quota: quotaOf(plan, producers, index),
      rereads: false,
    }),
  );
  const reading = Array.from({ length: consumers }, (_, index): Actor => {
    const groupIndex = Math.floor(index / streams.length) % Math.max(1, groups.length);
    const { stream } = place(index);
    return {
      ...place(index),
      index: producers + index,
      role: kind.reads === 'member' ? 'member' : 'consumer',
      group: groups[groupIndex],
      reader: kind.reads === 'member' ? stream * groups.length + groupIndex : index,
      quota: kind.produces || kind.reads === 'member' ? {} : quotaOf(plan, consumers, index),
      rereads: !kind.produces && kind.reads === 'consumer',
    };
  });
  return { actors: [...sending, ...reading], readers: kind.reads === 'member' ? streams.length * groups.length : producers + consumers };
}

/** Most that is written when a benchmark of a given duration fills streams for its readers. */
const fillBytesMax = 256_000_000;

/** Producers that fill the streams which consumers read: one a stream, with what its readers want. */
export function fillersOf(plan: Plan): Actor[] {
  const { streams, consumers, amount, messagesPerBatch, messageBytes } = plan;
  // What the readers of a stream want: a group shares it, pinned consumers read it each.
  const sharing = plan.kind.reads === 'member' ? consumers / streams.length / plan.groups.length : 1;
  return streams.map((streamName, stream): Actor => {
    const each = quotaOf(plan, consumers, stream);
    const messages =
      amount.of === 'batches'
        ? amount.value * messagesPerBatch.max
        : (each.messages ?? Math.ceil((each.bytes ?? fillBytesMax / streams.length / sharing) / messageBytes.min));
    return {
      index: stream,
      role: 'producer',
      stream,
      streamName,
      topicName,
      partition: plan.kind.balanced ? undefined : 0,
      group: undefined,
      reader: 0,
      quota: { messages: Math.max(1, Math.ceil(messages * sharing)) },
      rereads: false,
      rateBytesPerSecond: undefined,
    };
  });
}

/** Payload bytes that will be stored, at most; undefined where time is the limit. */
export function plannedBytes(plan: Plan): number | undefined {
  const { amount, messageBytes, messagesPerBatch, producers, kind } = plan;
  if (!kind.produces) return fillersOf(plan).reduce((sum, { quota }) => sum + (quota.messages ?? 0) * messageBytes.max, 0);
  switch (amount.of) {
    case 'batches':
      return amount.value * messagesPerBatch.max * messageBytes.max * producers;
    case 'messages':
      return amount.value * messageBytes.max;
    case 'bytes':
      return amount.value;
    case 'durationMs':
      return undefined;
  }
}

function quotaOf({ amount, messageBytes }: Plan, actors: number, index: number): Quota {
  const value = share(amount.value, actors, index);
  switch (amount.of) {
    case 'batches':
      return { batches: amount.value };
    case 'messages':
      return { messages: value };
    case 'bytes':
      // Where messages have one size, batches are cut so that it is met to a message.
      return messageBytes.min === messageBytes.max ? { messages: Math.ceil(value / messageBytes.min) } : { bytes: value };
    case 'durationMs':
      return {};
  }
}
