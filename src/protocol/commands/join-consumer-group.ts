// JoinConsumerGroup (code 604, operation 148)
//   stream        identifier
//   topic         identifier
//   group         identifier
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface JoinConsumerGroupRequest {
  stream: Identifier;
  topic: Identifier;
  group: Identifier;
}

export const joinConsumerGroup: Command<JoinConsumerGroupRequest, void> = {
  name: 'JoinConsumerGroup',
  code: 604,
  operation: Operation.joinConsumerGroup,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeIdentifier(writer, request.group);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader), group: readIdentifier(reader) };
  },

  encodeReply() {},
  decodeReply() {},
};
