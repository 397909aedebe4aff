// DeleteTopic (code 303, operation 134)
//   stream        identifier
//   topic         identifier
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface DeleteTopicRequest {
  stream: Identifier;
  topic: Identifier;
}

export const deleteTopic: Command<DeleteTopicRequest, void> = {
  name: 'DeleteTopic',
  code: 303,
  operation: Operation.deleteTopic,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader) };
  },

  encodeReply() {},
  decodeReply() {},
};
