// Which segments a topic's limits no longer let stay: messages too old, more messages than asked for, a topic too large.
//
// Whole sealed segments go, the oldest first, never the one that is written to. A segment that some consumer or group with a stored offset has not passed stays, and with it
// those behind it: the engine sees to that.

import type { SegmentStats } from '../storage/engine.ts';
import { engineCall, type Partition } from './partition.ts';
import type { System } from './system.ts';
import type { Topic } from './topic.ts';
import { type TopicConfig, unlimited } from './topic-settings.ts';

export type RetentionRules = Pick<TopicConfig, 'messageExpiry' | 'maxTopicSize' | 'retentionCount'>;

/** A partition's segments from the oldest on; the last one is written to. `held`: a consumer holds the oldest one, so none can go. */
export interface RetainedPartition {
  readonly segments: readonly SegmentStats[];
  readonly held: boolean;
}

/** Removes what the topic's limits no longer let stay. Resolves to the number of segments that went. */
export async function applyRetention(system: System, topic: Topic): Promise<number> {
  if (!isLimited(topic.config)) return 0;
  const held = new Set<Partition>();
  let removed = 0;
  while (surplusOf(system, topic, held).length > 0) {
    // Counted again as a change of metadata: a purge in between would begin at offset 0 again.
    removed += await system.mutate(() => removeSegments(system, topic, surplusOf(system, topic, held), held));
  }
  return removed;
}

function isLimited({ messageExpiry, maxTopicSize, retentionCount }: RetentionRules): boolean {
  return messageExpiry !== unlimited || maxTopicSize !== unlimited || retentionCount !== unlimited;
}

/** For each partition, how many of its oldest segments should go. */
export function surplusSegments(partitions: readonly RetainedPartition[], rules: RetentionRules, nowMicros: bigint): number[] {
  const counts = partitions.map(({ segments, held }) => (held ? 0 : agedOrSurplus(segments, rules, nowMicros)));
  if (rules.maxTopicSize === unlimited) return counts;

  // Room is made before the limit is reached, as in Iggy.
  const bytesMax = Number((rules.maxTopicSize * 9n) / 10n);
  const remaining = partitions.map(({ segments }, index) => segments.slice(counts[index]));
  let bytes = remaining.flat().reduce((sum, segment) => sum + segment.logicalBytes, 0);
  const removable = remaining.flatMap((segments, index) =>
    partitions[index]?.held ? [] : segments.slice(0, -1).map((segment) => ({ segment, index })),
  );
  removable.sort((a, b) => a.segment.firstTimestamp - b.segment.firstTimestamp || a.segment.firstOffset - b.segment.firstOffset);
  for (const { segment, index } of removable) {
    if (bytes < bytesMax) break;
    bytes -= segment.logicalBytes;
    counts[index] = (counts[index] as number) + 1;
  }
  return counts;
}

/** How many of a partition's oldest segments hold nothing but messages that have expired, or that newer ones make superfluous. */
function agedOrSurplus(segments: readonly SegmentStats[], rules: RetentionRules, nowMicros: bigint): number {
  const messages = (segment: SegmentStats) => segment.lastOffset - segment.firstOffset + 1;
  const expired = (segment: SegmentStats) =>
    rules.messageExpiry !== unlimited && BigInt(segment.lastTimestamp) + rules.messageExpiry <= nowMicros;
  let left = segments.reduce((sum, segment) => sum + messages(segment), 0);
  let count = 0;
  for (const segment of segments.slice(0, -1)) {
    left -= messages(segment);
    if (!expired(segment) && BigInt(left) < rules.retentionCount) break;
    count++;
  }
  return count;
}

interface Surplus {
  readonly partition: Partition;
  readonly count: number;
  readonly lastOffset: number;
}

function surplusOf(system: System, topic: Topic, held: ReadonlySet<Partition>): Surplus[] {
  const partitions = topic.partitions.filter(({ handle }) => system.engine.stats(handle).state === 'ready');
  const retained = partitions.map((partition) => ({ segments: system.engine.segments(partition.handle), held: held.has(partition) }));
  const counts = surplusSegments(retained, topic.config, system.clock.nowMicros());
  return partitions.flatMap((partition, index) => {
    const count = counts[index] as number;
    return count === 0 ? [] : [{ partition, count, lastOffset: retained[index]?.segments[count - 1]?.lastOffset as number }];
  });
}

/** Adds to `held` the partitions that did not lose all of it. Resolves to the number of segments that went. */
async function removeSegments(system: System, topic: Topic, surplus: readonly Surplus[], held: Set<Partition>): Promise<number> {
  let removed = 0;
  for (const { partition, count, lastOffset } of surplus) {
    let gone = 0;
    try {
      const done = await engineCall((settle) => void system.engine.deleteSegments(partition.handle, count, BigInt(lastOffset), settle));
      gone = done.count;
    } catch (error) {
      const place = { stream: topic.streamId, topic: topic.id, partition: partition.id };
      system.log.error({ err: error, ...place }, 'segments could not be removed');
    }
    removed += gone;
    if (gone < count) held.add(partition);
  }
  return removed;
}
