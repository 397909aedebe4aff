// Metrics of what the server holds: totals under the names that Iggy's server gives them, topics, consumer groups, and the state of partitions. All of them are read in one pass
// over the partitions, which lets go of the event loop after each slice of work: what changes meanwhile may be in one figure and not yet in another.

import type { Collector, MetricFamily, Sample } from '../../observability/metrics/metric-family.ts';
import { single } from '../../observability/metrics/metric-family.ts';
import { WorkSlices } from '../../observability/metrics/work-slices.ts';
import { ConsumerKind } from '../../protocol/primitives/consumer.ts';
import type { PartitionStats } from '../../storage/engine.ts';
import type { System } from '../../streaming/system.ts';
import type { Topic } from '../../streaming/topic.ts';

export interface ContentMetricsLimits {
  /** Topics that have figures of their own. */
  topicsMax: number;
  /** Lags, one for each group and partition. */
  lagsMax: number;
}

interface TopicLabels extends Readonly<Record<string, string>> {
  readonly stream: string;
  readonly topic: string;
}

type PartitionFigures = Pick<PartitionStats, 'firstOffset' | 'nextOffset'> & { id: number; handle: number };

export function contentMetrics(system: System, limits: ContentMetricsLimits): Collector {
  return async () => {
    const pass = new Pass(system, limits);
    await pass.run();
    return pass.families();
  };
}

class Pass {
  readonly #system: System;
  readonly #limits: ContentMetricsLimits;
  readonly #slices = new WorkSlices();
  readonly #states = { opening: 0, ready: 0, fenced: 0, closed: 0 };
  readonly #totals = { topics: 0, groups: 0, partitions: 0, segments: 0, messages: 0, messageBytes: 0, storedBytes: 0 };
  readonly #leftOut = { topic: 0, lag: 0 };
  readonly #topicMessages: Sample[] = [];
  readonly #topicBytes: Sample[] = [];
  readonly #topicMessagesIn: Sample[] = [];
  readonly #topicBytesIn: Sample[] = [];
  readonly #topicMessagesOut: Sample[] = [];
  readonly #topicBytesOut: Sample[] = [];
  readonly #members: Sample[] = [];
  readonly #lags: Sample[] = [];

  constructor(system: System, limits: ContentMetricsLimits) {
    this.#system = system;
    this.#limits = limits;
  }

  async run(): Promise<void> {
    for (const stream of this.#system.streams.values()) {
      for (const topic of stream.topics.values()) {
        const labels = { stream: stream.name, topic: topic.name };
        const partitions = await this.#readTopic(topic, labels);
        for (const group of topic.groups.values()) await this.#readGroup(group, labels, partitions);
      }
    }
  }

  families(): MetricFamily[] {
    const { streams, users, clients, traffic } = this.#system;
    const totals = this.#totals;
    const gauge = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({ name, type: 'gauge', help, samples });
    const counter = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({ name, type: 'counter', help, samples });
    return [
      single('streams', 'gauge', 'total count of streams.', streams.size),
      single('topics', 'gauge', 'total count of topics.', totals.topics),
      single('partitions', 'gauge', 'total count of partitions.', totals.partitions),
      single('segments', 'gauge', 'total count of segments.', totals.segments),
      single('messages', 'gauge', 'total count of messages.', totals.messages),
      single('users', 'gauge', 'total count of users.', users.size),
      single('clients', 'gauge', 'total count of clients.', clients.size),
      single('galgo_consumer_groups', 'gauge', 'Consumer groups.', totals.groups),
      single('galgo_messages_size_bytes', 'gauge', 'Size of all messages: 64 + payload + user headers each.', totals.messageBytes),
      single('galgo_stored_bytes', 'gauge', 'Bytes of all logs.', totals.storedBytes),
      gauge(
        'galgo_partitions_by_state',
        'Partitions by state. A fenced one is damaged and takes no messages.',
        Object.entries(this.#states).map(([state, value]) => ({ value, labels: { state } })),
      ),
      single('galgo_messages_received', 'counter', 'Messages that were stored.', traffic.messagesIn),
      single('galgo_message_bytes_received', 'counter', 'Bytes of the batches that were stored, as they were sent.', traffic.bytesIn),
      single('galgo_messages_delivered', 'counter', 'Messages that polls got.', traffic.messagesOut),
      single('galgo_message_bytes_delivered', 'counter', 'Bytes of messages that polls got, as they were sent.', traffic.bytesOut),
      gauge('galgo_topic_messages', 'Messages in the topic.', this.#topicMessages),
      gauge('galgo_topic_size_bytes', 'Size of the messages in the topic: 64 + payload + user headers each.', this.#topicBytes),
      counter('galgo_topic_messages_received', 'Messages that were stored in the topic.', this.#topicMessagesIn),
      counter('galgo_topic_bytes_received', 'Bytes of the batches that were stored in the topic.', this.#topicBytesIn),
      counter('galgo_topic_messages_delivered', 'Messages that polls got from the topic.', this.#topicMessagesOut),
      counter('galgo_topic_bytes_delivered', 'Bytes of messages that polls got from the topic.', this.#topicBytesOut),
      gauge('galgo_consumer_group_members', 'Members of the group.', this.#members),
      gauge(
        'galgo_consumer_group_lag_messages',
        'Messages of a partition behind the offset that the group has stored; all of them if it has stored none.',
        this.#lags,
      ),
      gauge(
        'galgo_metrics_left_out',
        'Topics, and pairs of group and partition, that have no figures of their own since there are too many.',
        Object.entries(this.#leftOut).map(([kind, value]) => ({ value, labels: { kind } })),
      ),
    ];
  }

  async #readTopic(topic: Topic, labels: TopicLabels): Promise<PartitionFigures[]> {
    const { engine } = this.#system;
    const totals = this.#totals;
    const partitions: PartitionFigures[] = [];
    let messages = 0;
    let bytes = 0;
    for (const { id, handle } of topic.partitions) {
      const stats = engine.stats(handle);
      messages += stats.messages;
      bytes += stats.logicalBytes;
      this.#states[stats.state]++;
      totals.segments += stats.segments;
      totals.storedBytes += stats.storedBytes;
      partitions.push({ id, handle, firstOffset: stats.firstOffset, nextOffset: stats.nextOffset });
      if (this.#slices.due()) await this.#slices.pause();
    }
    totals.topics++;
    totals.groups += topic.groups.size;
    totals.partitions += partitions.length;
    totals.messages += messages;
    totals.messageBytes += bytes;
    if (this.#topicMessages.length >= this.#limits.topicsMax) {
      this.#leftOut.topic++;
      return partitions;
    }
    const { messagesIn, bytesIn, messagesOut, bytesOut } = topic.traffic;
    this.#topicMessages.push({ value: messages, labels });
    this.#topicBytes.push({ value: bytes, labels });
    this.#topicMessagesIn.push({ value: messagesIn, labels });
    this.#topicBytesIn.push({ value: bytesIn, labels });
    this.#topicMessagesOut.push({ value: messagesOut, labels });
    this.#topicBytesOut.push({ value: bytesOut, labels });
    return partitions;
  }

  async #readGroup(
    group: { id: number; name: string; membersCount: number },
    topicLabels: TopicLabels,
    partitions: readonly PartitionFigures[],
  ): Promise<void> {
    const { lagsMax } = this.#limits;
    if (this.#members.length >= lagsMax || this.#lags.length + partitions.length > lagsMax) {
      this.#leftOut.lag += partitions.length;
      return;
    }
    const labels = { ...topicLabels, group: group.name };
    this.#members.push({ value: group.membersCount, labels });
    for (const { id, handle, firstOffset, nextOffset } of partitions) {
      const stored = this.#system.engine.loadOffset(handle, ConsumerKind.group, group.id);
      const from = stored === undefined ? firstOffset : Math.max(firstOffset, Number(stored) + 1);
      this.#lags.push({ value: Math.max(0, nextOffset - from), labels: { ...labels, partition: id } });
      if (this.#slices.due()) await this.#slices.pause();
    }
  }
}
