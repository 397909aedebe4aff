// What a consumer can be told, and its defaults.

import type { ConsumerName, PollFrom } from '../commands/messages.ts';
import type { TopicAddress } from '../commands/topics.ts';
import { ArgumentError } from '../connection/errors.ts';
import { duration, whole } from '../connection/options.ts';
import type { MessageTransform } from '../transform/message-transform.ts';
import type { PollPacing } from './cursor.ts';

/**
 * When the offsets of processed messages are stored: `each` before the next message is handed out; after `count` messages or every `intervalMs`, whichever comes first;
 * `manual` only by `commit()`. A message is processed when the loop asks for the next one, or the handler has returned.
 */
export type CommitPolicy =
  | 'manual'
  | 'each'
  | {
      /** Processed messages. Default: no count. */
      count?: number;
      /** Milliseconds. Default: no interval. */
      intervalMs?: number;
    };

/** What a consumer can be told: its topic, and either `name` or `group`. */
export interface ConsumerOptions extends TopicAddress {
  /** Reads alone, under this name or id. */
  name?: string | number;
  /** Reads as a member of this group, which is created where it is missing. */
  group?: string;
  /** Partitions to read. Default: all. A group deals them out by itself. */
  partitions?: readonly number[];
  /** Where a single consumer begins. Default: after its stored offset, or with the first message. Groups always begin after theirs. */
  start?: PollFrom;
  /** Default: every 1000 messages or every second. */
  commit?: CommitPolicy;
  /** At most so many messages a poll; up to one and a half times as many of each partition are held. Default 1000. */
  batchSize?: number;
  /** A partition without news is asked again after so long, then after twice as long, and so on; for servers that do not let polls wait. Default 5. */
  minPollDelayMs?: number;
  /** Longest of these delays. Default 100. */
  maxPollDelayMs?: number;
  /** Longest time that a poll waits in a server that lets polls wait; 0: none waits. Default: as long as the server allows. */
  maxWaitMs?: number;
  /** What its messages passed on their way out; they pass it backwards. Default: the client's. */
  transforms?: readonly MessageTransform[];
  /** Closes the consumer, as `close` does, when it is aborted. */
  signal?: AbortSignal;
}

export interface ConsumerSettings extends TopicAddress {
  as: ConsumerName;
  group: string | undefined;
  partitions: readonly number[] | undefined;
  start: PollFrom;
  commit: 'manual' | 'each' | { count: number; intervalMs: number };
  batchSize: number;
  pacing: PollPacing;
  maxWaitMs: number;
}

/** Throws ArgumentError. */
export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  const { stream, topic, name, group, partitions, start } = options;
  if ((name === undefined) === (group === undefined))
    throw new ArgumentError('invalid-argument', 'a consumer has either a name or a group');
  if (group !== undefined && (start !== undefined || partitions !== undefined)) {
    throw new ArgumentError('invalid-argument', 'a group decides by itself where its members read');
  }
  const minDelayMs = duration('minPollDelayMs', options.minPollDelayMs ?? 5);
  return {
    stream,
    topic,
    as: group === undefined ? { consumer: name as string | number } : { group },
    group,
    partitions,
    start: start ?? 'next',
    commit: commitPolicy(options.commit),
    batchSize: whole('batchSize', options.batchSize ?? 1000, 1, 1_000_000),
    maxWaitMs: options.maxWaitMs === undefined ? Number.POSITIVE_INFINITY : duration('maxWaitMs', options.maxWaitMs),
    pacing: { minDelayMs, maxDelayMs: Math.max(minDelayMs, duration('maxPollDelayMs', options.maxPollDelayMs ?? 100)) },
  };
}

function commitPolicy(given: CommitPolicy = { count: 1000, intervalMs: 1000 }): ConsumerSettings['commit'] {
  if (typeof given === 'string') return given;
  if (given.count === undefined && given.intervalMs === undefined) {
    throw new ArgumentError('invalid-argument', 'commit names a count, an interval, or both');
  }
  return {
    count: given.count === undefined ? Number.POSITIVE_INFINITY : whole('commit.count', given.count, 1),
    intervalMs: given.intervalMs === undefined ? 0 : duration('commit.intervalMs', given.intervalMs),
  };
}
