// Streams.

import { noOptions } from '../../../protocol/primitives/options.ts';
import type { StreamDetails, StreamSummary } from '../../../protocol/primitives/stream-summary.ts';
import { sizeText as formatSize } from '../json/size-text.ts';
import { optionsSchema, optionsView } from './options-view.ts';
import { integer, listOf, record, ref, sizeText, text } from './schema.ts';
import { topicView } from './topic-view.ts';

const properties = {
  id: integer,
  created_at: integer,
  name: text,
  size: sizeText,
  messages_count: integer,
  topics_count: integer,
  options: optionsSchema,
};

export const streamSchema = record(properties, 'Stream');
export const streamDetailsSchema = record({ ...properties, topics: listOf(ref('Topic')) }, 'StreamDetails');

export function streamView(stream: StreamSummary) {
  return {
    id: stream.id,
    created_at: stream.createdAt,
    name: stream.name,
    size: formatSize(stream.sizeBytes),
    messages_count: stream.messagesCount,
    topics_count: stream.topicsCount,
    options: optionsView(stream.options, noOptions),
  };
}

export function streamDetailsView(stream: StreamDetails) {
  return { ...streamView(stream), topics: stream.topics.map(topicView) };
}
