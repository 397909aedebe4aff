// PurgeTopic (code 305, operation 135)
//   stream        identifier
//   topic         identifier
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface PurgeTopicRequest {
  stream: Identifier;
  topic: Identifier;
}

export const purgeTopic: Command<PurgeTopicRequest, void> = {
  name: 'PurgeTopic',
  code: 305,
  operation: Operation.purgeTopic,

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
