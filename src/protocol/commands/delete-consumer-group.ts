// DeleteConsumerGroup (code 603, operation 140)
//   stream        identifier
//   topic         identifier
//   group         identifier
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface DeleteConsumerGroupRequest {
  stream: Identifier;
  topic: Identifier;
  group: Identifier;
}

export const deleteConsumerGroup: Command<DeleteConsumerGroupRequest, void> = {
  name: 'DeleteConsumerGroup',
  code: 603,
  operation: Operation.deleteConsumerGroup,

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
