// LeaveConsumerGroup (code 605, operation 149)
//   stream        identifier
//   topic         identifier
//   group         identifier
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface LeaveConsumerGroupRequest {
  stream: Identifier;
  topic: Identifier;
  group: Identifier;
}

export const leaveConsumerGroup: Command<LeaveConsumerGroupRequest, void> = {
  name: 'LeaveConsumerGroup',
  code: 605,
  operation: Operation.leaveConsumerGroup,

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
