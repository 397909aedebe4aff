// Settings of a topic of the source, as a topic here has them. What Galgo does not know or would refuse is named in the report and left out.

import { noOptions, type Options } from '../protocol/primitives/options.ts';
import { formatTypedValue, parseTypedValue, type RawTypedValue } from '../protocol/primitives/typed-value.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { resolveTopicConfig, type TopicConfig, type TopicDefaults } from '../streaming/topic-settings.ts';
import type { Report } from './source/report.ts';
import type { SourceTopic } from './source/source-model.ts';

const segmentBytesMin = 1024n * 1024n;
const segmentBytesMultiple = 512n;

/** `place` names the topic in the report. */
export function topicConfigOf(topic: SourceTopic, place: string, defaults: TopicDefaults, report: Report): TopicConfig {
  const { settings } = topic;
  const resolve = (options: Options): TopicConfig => resolveTopicConfig({ ...settings, options }, defaults, topic.partitions.length);
  const options = new Map<string, RawTypedValue>();
  for (const [key, value] of settings.options) {
    const [ourKey, ourValue] = translated(key, value);
    try {
      if (ourValue !== undefined) resolveTopicConfig({ ...unnamed, options: new Map([[ourKey, ourValue]]) }, generous(defaults), 0);
    } catch (error) {
      report.cannotCarry(`${place}: the option ${key} (${(error as Error).message})`);
      continue;
    }
    if (ourValue !== undefined) options.set(ourKey, ourValue);
  }
  try {
    return resolve(options);
  } catch (error) {
    if (!ProtocolError.is(error)) throw error;
  }
  // A topic may not be smaller than one of its segments, whose size was a setting of the whole server once.
  const limit = limitOf(options) ?? settings.maxTopicSize ?? 0n;
  options.set('segment_size', uint64(largestSegment(limit)));
  if (limit < segmentBytesMin) {
    report.cannotCarry(`${place}: the size limit of ${limit} bytes is raised to ${segmentBytesMin}, the least there is`);
    options.set('max_topic_size', uint64(segmentBytesMin));
  }
  options.delete('preallocate_segments');
  return resolve(options);
}

const unnamed = {
  compression: undefined,
  messageExpiry: undefined,
  maxTopicSize: undefined,
  replicationFactor: undefined,
  options: noOptions,
};

/** So that one option is judged by itself. */
function generous(defaults: TopicDefaults): TopicDefaults {
  return { ...defaults, segmentBytes: 1 };
}

/** Early builds of Iggy 0.9 had a switch for what `durability` says now. Undefined: it says nothing. */
function translated(key: string, value: RawTypedValue): [string, RawTypedValue | undefined] {
  if (key !== 'enforce_fsync') return [key, value];
  const on = value.bytes[0] === 1 || Buffer.from(value.bytes).toString() === 'true';
  return ['durability', on ? formatTypedValue({ kind: 'string', value: 'persisted' }) : undefined];
}

function limitOf(options: Options): bigint | undefined {
  const raw = options.get('max_topic_size');
  const value = raw && parseTypedValue(raw).value;
  return typeof value === 'bigint' ? value : undefined;
}

function largestSegment(limit: bigint): bigint {
  const segment = limit - (limit % segmentBytesMultiple);
  return segment < segmentBytesMin ? segmentBytesMin : segment;
}

function uint64(value: bigint): RawTypedValue {
  return formatTypedValue({ kind: 'uint64', value });
}
