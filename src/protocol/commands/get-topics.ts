// GetTopics (code 301)
//   stream        identifier
// → count u32 (VSR only) · topic headers: to the end of the body (classic), count of them (VSR)

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readTopicHeader, type TopicHeader, writeTopicHeader } from '../primitives/topic-header.ts';

export interface GetTopicsRequest {
  stream: Identifier;
}

/** The reply has no topics when there is no such stream. */
export const getTopics: Command<GetTopicsRequest, TopicHeader[]> = {
  name: 'GetTopics',
  code: 301,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader) };
  },

  encodeReply(writer, topics, generation) {
    if (generation === 'vsr') writer.u32(topics.length);
    for (const topic of topics) writeTopicHeader(writer, topic, generation);
  },

  decodeReply(reader, generation) {
    const topics: TopicHeader[] = [];
    if (generation === 'classic') {
      while (reader.remaining > 0) topics.push(readTopicHeader(reader, generation));
    } else {
      const count = reader.u32();
      while (topics.length < count) topics.push(readTopicHeader(reader, generation));
    }
    return topics;
  },
};
