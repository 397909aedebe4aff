// GetTopic (code 300)
//   stream        identifier
//   topic         identifier
// → topic details; empty when there is no such topic

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readTopicDetails, type TopicDetails, writeTopicDetails } from '../primitives/topic-header.ts';

export interface GetTopicRequest {
  stream: Identifier;
  topic: Identifier;
}

export const getTopic: Command<GetTopicRequest, TopicDetails | undefined> = {
  name: 'GetTopic',
  code: 300,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader) };
  },

  encodeReply(writer, topic, generation) {
    if (topic !== undefined) writeTopicDetails(writer, topic, generation);
  },

  decodeReply(reader, generation) {
    return reader.remaining === 0 ? undefined : readTopicDetails(reader, generation);
  },
};
