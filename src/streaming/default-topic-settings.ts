// What topics get that were not told otherwise.

import type { Settings } from '../config/settings.ts';
import { type TopicDefaults, unlimited } from './topic-settings.ts';

export function topicDefaults(settings: Settings): TopicDefaults {
  const { topic, segment, deduplication } = settings.system;
  return {
    segmentBytes: segment.sizeBytes,
    directIo: segment.directIo,
    messageExpiry: topic.messageExpiryMs === undefined ? unlimited : BigInt(topic.messageExpiryMs) * 1000n,
    maxTopicSize: topic.sizeBytesMax === undefined ? unlimited : BigInt(topic.sizeBytesMax),
    durability: settings.durability.messages,
    offsetDurability: settings.durability.consumerOffsets,
    deduplication: {
      enabled: deduplication.enabled,
      entriesMax: deduplication.entriesMax,
      expiry: deduplication.expiryMs === undefined ? unlimited : BigInt(deduplication.expiryMs) * 1000n,
    },
  };
}
